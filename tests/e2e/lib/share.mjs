// The dialog "Share and embed": what a teacher presses and reads in it.

/** Opens the dialog, and returns it. */
export async function openDialog(page) {
  await page.locator('[data-action="share"]').first().click();
  const dialog = page.locator('dialog.share-dialog');
  await dialog.waitFor();
  return dialog;
}

/** Chooses the part that is shown: panel, chapter, figure, experiment or assignment. */
export const choose = (page, what) => page.locator(`dialog [data-what="${what}"]`).check();

/** Shows only these figures. */
export async function showFigures(page, names) {
  await choose(page, 'figure');
  for (const name of await page.locator('dialog [data-show]:has(:checked)').evaluateAll((all) => all.map((label) => label.dataset.show))) {
    await page.locator(`dialog [data-show="${name}"] input`).uncheck();
  }
  for (const name of names) await page.locator(`dialog [data-show="${name}"] input`).check();
}

/** Chooses a tool and returns the snippet for it. `name` is the snippet's hook, by default that of the tool. */
export async function snippet(page, tool, name = tool) {
  await page.locator('dialog [data-share="tool"]').selectOption(tool);
  return page.locator(`dialog [data-output="${name}"]`).inputValue();
}
