/** Whatever chapters/index.ts exports is a chapter (lib/chapter.ts). */
declare module '#chapters';
