/** The audio thread's side of the microphone: posts `{frame: ArrayBuffer, level}` every 40 ms. */

import {FrameAssembler} from "./frame-assembler.js";

class CaptureProcessor extends AudioWorkletProcessor {
  /** @param {AudioWorkletNodeOptions} options */
  constructor(options) {
    super();
    const {frameSamples} = options.processorOptions;
    this._assembler = new FrameAssembler(sampleRate, frameSamples, (frame, level) => {
      this.port.postMessage({frame: frame.buffer, level}, [frame.buffer]);
    });
    this._open = true;
    this.port.onmessage = ({data}) => {
      if (data.type === "close") {
        this._open = false;
      }
    };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const channel = inputs[0][0];
    if (channel) {
      this._assembler.push(channel);
    }
    return this._open;
  }
}

registerProcessor("voiceassist-capture", CaptureProcessor);
