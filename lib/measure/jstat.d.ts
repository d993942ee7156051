declare module 'jstat' {
  const jstat: {
    normal: { inv(p: number, mean: number, deviation: number): number };
    chisquare: { inv(p: number, degreesOfFreedom: number): number };
  };
  export default jstat;
}
