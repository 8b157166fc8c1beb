/** The device's sample rates, and whether the speaker is heard. */

import {failed, fine, look} from "./outcome.js";

/** Hertz. A Bluetooth headset whose microphone is used falls back to the telephone's 8 or 16 kHz. */
const TELEPHONE_RATE = 16000;

/**
 * @param {object} found
 * @param {number} found.context Hertz
 * @param {number} found.microphone Hertz; 0 where the browser does not say
 * @param {string} found.state of the AudioContext
 */
export const judgeRates = ({context, microphone, state}) => {
  const figures = {context, microphone};
  if (state !== "running") {
    return failed("sound_suspended", figures);
  }
  return Math.min(context, microphone || context) <= TELEPHONE_RATE ? look("narrow_band", figures) : fine(figures);
};

/** What a person says of a tone. */
export const Heard = Object.freeze({YES: "yes", NO: "no", AGAIN: "again"});

/**
 * Play a tone until the person says whether they heard it.
 * @param {object} means
 * @param {() => void} means.play
 * @param {() => Promise<string>} means.answer one of Heard
 * @param {(code: string) => void} means.ask
 */
export const checkTone = async ({play, answer, ask}) => {
  ask("listen_to_tone");
  for (let times = 1; ; times += 1) {
    play();
    const heard = await answer();
    if (heard !== Heard.AGAIN) {
      return heard === Heard.YES ? fine({times}) : failed("no_playback", {times});
    }
  }
};

/** Hertz and seconds: two notes, so that it cannot be taken for a noise of the machine. */
const NOTES = [
  {hertz: 523.25, at: 0, seconds: 0.35},
  {hertz: 783.99, at: 0.32, seconds: 0.6},
];
const LOUDNESS = 0.25;

/**
 * @param {AudioContext} context
 * @param {AudioNode} destination
 */
export const playTone = (context, destination) => {
  const begin = context.currentTime + 0.05;
  NOTES.forEach(({hertz, at, seconds}) => {
    const [note, volume] = [context.createOscillator(), context.createGain()];
    note.frequency.value = hertz;
    // Without ramps both ends would click.
    volume.gain.setValueAtTime(0, begin + at);
    volume.gain.linearRampToValueAtTime(LOUDNESS, begin + at + 0.03);
    volume.gain.linearRampToValueAtTime(0, begin + at + seconds);
    note.connect(volume);
    volume.connect(destination);
    note.start(begin + at);
    note.stop(begin + at + seconds);
    note.onended = () => volume.disconnect();
  });
};
