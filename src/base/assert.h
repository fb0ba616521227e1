// MV_ASSERT: programmer error. Always on; prints where and aborts.
#pragma once

namespace mailvigil {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace mailvigil

#define MV_ASSERT(condition) \
    ((condition) ? void(0) : ::mailvigil::assertion_failed(#condition, __FILE__, __LINE__))
