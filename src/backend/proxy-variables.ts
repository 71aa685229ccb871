/** What an agent of Node takes as `proxyEnv`. */
export type ProxyVariables = Readonly<Record<string, string | undefined>>;

/** Go's net/http, and so restic, never asks a proxy for this machine itself. */
const thisMachine = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY of an environment; small letters come first, as with curl and Node. */
export const proxyVariables = (variables: ProxyVariables): ProxyVariables => {
  const [secure, plain, none] = ['https_proxy', 'http_proxy', 'no_proxy'].map(
    (name) => variables[name] || variables[name.toUpperCase()] || undefined,
  );
  const isUsed = secure !== undefined || plain !== undefined;
  return isUsed
    ? {
        https_proxy: secure,
        http_proxy: plain,
        no_proxy: none === '*' ? none : [none, ...thisMachine].filter(Boolean).join(','),
      }
    : {};
};
