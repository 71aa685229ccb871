/** The packs of a repository, numbered, so that a blob's place takes four bytes instead of an id. */
export class PackList {
  readonly #ids: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of a pack, given one if it is new. `id`: 64 hexadecimal digits. */
  numberOf(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const number = this.#ids.push(id) - 1;
    this.#numbers.set(id, number);
    return number;
  }

  idOf(number: number): string | undefined {
    return this.#ids[number];
  }

  has(id: string): boolean {
    return this.#numbers.has(id);
  }

  ids(): readonly string[] {
    return this.#ids;
  }
}
