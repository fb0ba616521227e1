// The sensors, one per file of this folder.
#pragma once

#include <span>

#include "sensor/sensor.h"

namespace mailvigil::sensor::feed {

using sensor::Sensor;

/// All of them, sorted by name.
std::span<const Sensor* const> roster();

}  // namespace mailvigil::sensor::feed
