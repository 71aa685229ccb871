/** At most so many bytes of UTF-8, cut between characters; what was cut is told by an ellipsis. */
export const cutText = (text: string, bytes: number): string => {
  if (Buffer.byteLength(text) <= bytes) return text;
  const room = bytes - Buffer.byteLength('…');
  // `stream` holds back a character that is cut in two.
  return `${new TextDecoder().decode(Buffer.from(text).subarray(0, room), { stream: true })}…`;
};
