import assert from "node:assert/strict";
import {test} from "node:test";

import {SelfInterruptions} from "../../static/js/voice/sound/self-interruptions.js";

const watching = () => {
  const world = {told: 0, now: 0};
  world.counter = new SelfInterruptions(
    () => {
      world.told += 1;
    },
    () => world.now,
  );
  world.speak = (item_id, isPlaying = true) =>
    world.counter.apply({type: "input_audio_buffer.speech_started", item_id}, isPlaying);
  world.words = (item_id, transcript) =>
    world.counter.apply({type: "conversation.item.input_audio_transcription.completed", item_id, transcript}, false);
  return world;
};

test("the second time that speech within an answer was nobody's is told, once", () => {
  const world = watching();
  world.speak("a");
  world.words("a", "");
  assert.equal(world.told, 0);
  world.speak("b");
  world.counter.apply({type: "conversation.item.input_audio_transcription.failed", item_id: "b"}, false);
  assert.equal(world.told, 1);
  world.speak("c");
  world.words("c", " ");
  assert.equal(world.told, 1);
});

test("whoever truly speaks into an answer proves that the microphone is fine", () => {
  const world = watching();
  world.speak("a");
  world.words("a", "");
  world.speak("b");
  world.words("b", "stop");
  world.speak("c");
  world.words("c", "");
  assert.equal(world.told, 0);
});

test("noise in a silence interrupts nobody", () => {
  const world = watching();
  ["a", "b", "c"].forEach((item) => {
    world.speak(item, false);
    world.words(item, "");
  });
  assert.equal(world.told, 0);
});

test("speech of which nothing more is heard counts too: cleared, stored as empty, or silent for long", () => {
  const world = watching();
  world.speak("a");
  world.counter.apply({type: "input_audio_buffer.cleared"}, false);
  world.speak("b");
  world.counter.apply({type: "voiceassist.message.saved", item_id: "b", hidden: true}, false);
  assert.equal(world.told, 1);

  const patient = watching();
  patient.speak("a");
  patient.now = 6001;
  patient.speak("b");
  patient.now = 12002;
  patient.speak("c", false);
  assert.equal(patient.told, 1);
});

test("words that are merely late are waited for", () => {
  const world = watching();
  world.speak("a");
  world.now = 2000;
  world.speak("b");
  world.now = 3000;
  world.words("a", "wait");
  world.words("b", "please");
  world.now = 20000;
  world.speak("c");
  world.words("c", "");
  assert.equal(world.told, 0);
});
