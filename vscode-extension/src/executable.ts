/** Where the `samokoder` program is: the setting, the PATH, the usual folder of user installs. */

import * as path from "node:path";

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** True when the file exists and may be run. */
  readonly runs: (file: string) => Promise<boolean>;
}

/** The absolute path of the program, or undefined when there is none. */
export async function find(setting: string, around: Surroundings): Promise<string | undefined> {
  for (const candidate of candidates(setting.trim(), around)) {
    if (await around.runs(candidate)) {
      return candidate;
    }
  }
  return undefined;
}

/** Every place that is looked at, in order. */
export function candidates(setting: string, around: Surroundings): string[] {
  const flavour = around.platform === "win32" ? path.win32 : path.posix;
  const name = setting === "" ? "samokoder" : setting;
  if (name.startsWith("~/") || name.startsWith("~\\")) {
    return named(flavour.join(around.home, name.slice(2)), around);
  }
  if (name.includes("/") || name.includes("\\")) {
    // A relative path would depend on the folder VS Code was started in.
    return flavour.isAbsolute(name) ? named(name, around) : [];
  }
  const folders = (around.env["PATH"] ?? around.env["Path"] ?? "")
    .split(flavour.delimiter)
    .filter((folder) => flavour.isAbsolute(folder));
  // Programs started from a desktop often do not have it on their PATH.
  folders.push(flavour.join(around.home, ".local", "bin"));
  return folders.flatMap((folder) => named(flavour.join(folder, name), around));
}

function named(file: string, around: Surroundings): string[] {
  if (around.platform !== "win32" || /\.(exe|cmd|bat)$/i.test(file)) {
    return [file];
  }
  return [`${file}.exe`];
}
