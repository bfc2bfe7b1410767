/** This release; kept equal to package.json's by a check. */
export const version = '0.1.0'
