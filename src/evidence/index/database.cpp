#include "evidence/index/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mailvigil::evidence::index {

namespace {

// A reader waits at most so long for a writer that is just recovering or closing.
constexpr int kBusyMilliseconds = 5'000;

Error error_of(sqlite3* database, int code) {
    switch (code & 0xFF) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_ERROR:  // no such table or column, a value of the wrong kind
            return damaged();
        case SQLITE_READONLY:
        case SQLITE_FULL:
            return {ErrorCode::unwritable,
                    fmt::format("the index can't be written: {}", sqlite3_errmsg(database))};
        default:
            return {ErrorCode::unreadable,
                    fmt::format("the index can't be used: {}", sqlite3_errmsg(database))};
    }
}

/// The path as a URI of a file that nobody changes: sqlite3_open(3), "URI filenames".
std::string immutable_uri(const std::string& path) {
    std::string uri = "file:";
    for (const char c : path) {
        const bool plain = c != '%' && c != '?' && c != '#';
        uri += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    return uri + "?immutable=1";
}

}  // namespace

Error damaged() {
    return {ErrorCode::malformed,
            "the index is damaged; `mailvigil evidence reindex` builds it anew"};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement& Statement::bind(int place, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), place, value);
    return *this;
}

Statement& Statement::bind(int place, std::uint64_t value) {
    return bind(place, static_cast<std::int64_t>(value));
}

Statement& Statement::bind(int place, std::string_view bytes) {
    // A null pointer would be bound as NULL.
    const char* start = bytes.data() == nullptr ? "" : bytes.data();
    sqlite3_bind_blob64(statement_.get(), place, start, bytes.size(), SQLITE_STATIC);
    return *this;
}

Statement& Statement::bind(int place, std::optional<std::uint64_t> value) {
    if (value) {
        return bind(place, *value);
    }
    sqlite3_bind_null(statement_.get(), place);
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        return code == SQLITE_ROW;
    }
    Error error = error_of(sqlite3_db_handle(statement_.get()), code);
    reset();
    return std::unexpected(std::move(error));
}

Result<void> Statement::run() {
    while (TRY(step())) {
    }
    reset();
    return {};
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::uint64_t Statement::number(int column) const {
    return static_cast<std::uint64_t>(integer(column));
}

std::optional<std::uint64_t> Statement::optional_number(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL
               ? std::nullopt
               : std::optional(number(column));
}

std::string_view Statement::bytes(int column) const {
    const void* start = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return start == nullptr
               ? std::string_view()
               : std::string_view(static_cast<const char*>(start), static_cast<std::size_t>(size));
}

void Database::Close::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::string& name, int flags) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database;
    database.database_.reset(handle);
    if (code != SQLITE_OK) {
        return std::unexpected(error_of(handle, code));
    }
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, kBusyMilliseconds);
    // The file may be anybody's: no functions or views of its schema.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return database;
}

Result<Database> Database::open(const std::string& path, Mode mode) {
    if (mode == Mode::write) {
        // SQLite would create it readable for everybody.
        const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file < 0) {
            return fail(ErrorCode::unwritable, fmt::format("{}: {}", path, std::strerror(errno)));
        }
        ::close(file);
        Database database = TRY(open(path, SQLITE_OPEN_READWRITE));
        TRY(database.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"));
        return database;
    }
    if (::access(path.c_str(), F_OK) != 0) {
        return fail(ErrorCode::unknown, "there is no index");
    }
    Database database = TRY(open(path, SQLITE_OPEN_READONLY));
    if (const auto version = database.number("PRAGMA schema_version");
        version || version.error().code != ErrorCode::unreadable) {
        return database;
    }
    // A folder that can't be written (a copy on a read-only medium) has no place for the files that
    // readers and writer share. Nobody writes there either.
    if (::access((path + "-wal").c_str(), F_OK) == 0) {
        return fail(ErrorCode::unreadable, "the index can't be used in a read-only folder");
    }
    return open(immutable_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

Result<void> Database::run(const char* statements) {
    const int code = sqlite3_exec(database_.get(), statements, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return std::unexpected(error_of(database_.get(), code));
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view statement) {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(),
                                        statement.data(),
                                        static_cast<int>(statement.size()),
                                        SQLITE_PREPARE_PERSISTENT,
                                        &prepared,
                                        nullptr);
    if (code != SQLITE_OK) {
        return std::unexpected(error_of(database_.get(), code));
    }
    Statement result;
    result.statement_.reset(prepared);
    return result;
}

Result<std::int64_t> Database::number(std::string_view statement) {
    Statement prepared = TRY(prepare(statement));
    const bool row = TRY(prepared.step());
    return row ? prepared.integer(0) : 0;
}

Result<Transaction> Transaction::begin(Database& database, Database::Mode mode) {
    TRY(database.run(mode == Database::Mode::write ? "BEGIN IMMEDIATE" : "BEGIN"));
    return Transaction(database);
}

Result<void> Transaction::commit() {
    TRY(database_->run("COMMIT"));
    database_ = nullptr;
    return {};
}

Transaction::~Transaction() {
    if (database_ != nullptr) {
        // Whatever made it go back was told already.
        static_cast<void>(database_->run("ROLLBACK"));
    }
}

}  // namespace mailvigil::evidence::index
