// Arrow bytes read back by the engine itself, in a page of `withGrid`: what was exported can be loaded again.

/** The cells of the last column of Arrow bytes. */
export function tableFromIPC(page, bytes) {
  return page.evaluate(async (list) => {
    const table = await window.client.table(new Uint8Array(list));
    const view = await table.view();
    const columns = Object.values(await view.to_columns());
    await view.delete();
    await table.delete();
    return columns.at(-1);
  }, [...bytes]);
}
