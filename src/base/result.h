// Result and TRY: how every fallible call answers. Bad *input* is not an Error: parsers return a
// value and Diagnostics (base/diagnostics.h); an Error means that the asked-for thing could not be
// done at all.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace mailvigil {

enum class ErrorCode {
    unreadable,   ///< a file, folder or descriptor could not be read
    unwritable,   ///< output could not be written
    malformed,    ///< content is not of the format that it claims
    unknown,      ///< a name that is in no roster, table or schema
    limit,        ///< a named limit was reached
    interrupted,  ///< a signal came while waiting; the same call may be made again
    unsupported,  ///< this host or build cannot do it
};

/// What went wrong, in one lower-case sentence that says what, where and what to do.
struct Error {
    ErrorCode code = ErrorCode::malformed;
    std::string message;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected(Error{code, std::move(message)});
}

namespace detail {

template <class T>
T&& take(Result<T>& result) {
    return std::move(*result);
}

inline void take(Result<void>& /*result*/) {}

}  // namespace detail

}  // namespace mailvigil

/// The value of `expression`, or a return from the enclosing function with its Error.
#define TRY(expression)                                             \
    __extension__({                                                 \
        auto try_result_ = (expression);                            \
        if (!try_result_) {                                         \
            return std::unexpected(std::move(try_result_).error()); \
        }                                                           \
        ::mailvigil::detail::take(try_result_);                     \
    })
