/** Versions of programs: `1.2.3`, what follows the numbers is left aside. */

function numbers(version: string): number[] {
  return (/^\D*([\d.]+)/.exec(version)?.[1] ?? "").split(".").map(Number);
}

export function isNewer(one: string, other: string): boolean {
  const [a, b] = [numbers(one), numbers(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return false;
}

export function isAtLeast(version: string, wanted: string): boolean {
  return !isNewer(wanted, version);
}
