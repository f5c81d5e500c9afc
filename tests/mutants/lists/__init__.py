"""The mutants, a file for each part of the chip and of the software around it."""

from mutants.lists import (
    attention,
    camera,
    camera_pixels,
    compiler,
    core,
    core_out,
    corrections,
    driver,
    federate,
    gates,
    golden,
    kinds,
    levels,
    link,
    network,
    parallel,
    program,
    published,
    scatter,
    signs,
    time,
    training,
    training_chip,
    training_estimate,
    training_parts,
    training_report,
    training_streams,
    values,
)

PARTS = (
    core.PART, core_out.PART, network.PART, link.PART, camera.PART, camera_pixels.PART, compiler.PART, golden.PART, driver.PART,
    program.PART, kinds.PART, values.PART, scatter.PART, gates.PART, time.PART, signs.PART, *levels.PARTS,
    *training.PARTS, *training_chip.PARTS, training_parts.PART, *training_streams.PARTS, training_report.PART, training_estimate.PART,
    corrections.PART, parallel.PART, published.PART, federate.PART, attention.PART,
)  # fmt: skip
