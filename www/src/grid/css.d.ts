/** The build turns a style sheet that is imported into its text. */
declare module "*.css" {
    const text: string;
    export default text;
}
