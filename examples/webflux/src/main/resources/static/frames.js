/** A page that nobody looks at gets no frames, but must not pile up work. */
const WITHOUT_FRAMES_MILLIS = 1_000;

/** A function that may be called any number of times, for which `work` runs once, in the next frame. */
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
