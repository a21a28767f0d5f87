// Everything of the extension in Russian, where that is the display language.
import { CALC, FIX, test } from "./programs.mjs";
import { configure, scenario, stage, staged, workspace } from "./scenario.mjs";
import * as server from "./server.mjs";

staged({ locale: "ru" });

scenario("palette, tree, questions and status bar speak Russian", async (window) => {
  workspace({ "calc.py": CALC, "test_calc.py": test("calc", ["double", 4, 8]) }, [{ answer: FIX, delay: 2 }]);
  configure('[run]\napply = "ask"\n');
  server.shell(stage.room, "trust");
  await window.command("Samokoder: Показать запуски");
  await window.command("Samokoder: Исправлять, пока проверки не пройдут");
  await window.toast("Samokoder: исправление всего").waitFor();
  await window.runRow("выполняется").waitFor({ timeout: 30_000 });
  await window.runRow("ждёт вас").waitFor({ timeout: 60_000 });
  await window.row("предложено, доказано").waitFor();
  await window.shot("russian");
  await window.button(window.row("Строка 3"), "Принять изменения");
  await window.runRow("удалось").waitFor({ timeout: 30_000 });
  await window.clear();
  await window.command("Samokoder: Всё ли на месте?");
  await window.page.locator(".webview").first().waitFor({ timeout: 60_000 });
  await window.page.waitForTimeout(2500);
  await window.shot("russian-doctor");
});
