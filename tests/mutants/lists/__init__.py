"""The mutants, a file for each part of the chip and of the software around it."""

from mutants.lists import camera, camera_pixels, compiler, driver, link, network

PARTS = (network.PART, link.PART, camera.PART, camera_pixels.PART, compiler.PART, driver.PART)
