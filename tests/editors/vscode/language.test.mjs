// Everything of the extension in Russian, where that is the display language.
import { CALC, FIX, test } from "./programs.mjs";
import { configure, scenario, staged, workspace } from "./scenario.mjs";

staged({ locale: "ru" });

scenario("palette, tree, questions and status bar speak Russian", async (window) => {
  workspace({ "calc.py": CALC, "test_calc.py": test("calc", ["double", 4, 8]) }, [{ answer: FIX, delay: 2 }]);
  configure('[run]\napply = "ask"\n');
  await window.command("Samokoder: Показать запуски");
  await window.command("Samokoder: Исправлять, пока проверки не пройдут");
  const consent = window.toast("Samokoder хочет выполнить проверки work");
  await consent.waitFor();
  await window.shot("russian-consent");
  await window.button(consent, "Всегда в этой рабочей области");
  await window.toast("Samokoder: исправление всего").waitFor();
  await window.runRow("выполняется").waitFor();
  await window.runRow("ждёт вас").waitFor();
  await window.row("предложено, доказано").waitFor();
  const question = window.toast("Применить «y = x ** 3» к calc.py?");
  await question.getByRole("button", { name: "Не применять" }).waitFor();
  await window.shot("russian");
  await window.button(window.row("Строка 3"), "Принять изменения");
  await window.runRow("удалось").waitFor();
  await window.clear();
  await window.command("Samokoder: Всё ли на месте?");
  await window.webview("Что делать").waitFor();
  await window.shot("russian-doctor");
});
