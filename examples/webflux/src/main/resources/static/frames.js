/** A hidden page gets no frames, but must not pile up work. */
const WITHOUT_FRAMES_MILLIS = 1_000;

/** Returns a function that runs `work` once in the next frame, however often it is called before. */
export function oncePerFrame(work) {
  let frame = null;
  let timer = null;

  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = null;
    work();
  };

  return () => {
    if (frame === null) {
      frame = requestAnimationFrame(run);
      timer = setTimeout(run, WITHOUT_FRAMES_MILLIS);
    }
  };
}
