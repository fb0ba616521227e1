// Database and Statement: SQLite's calls as Results. Texts are bound and read as bytes, so that a
// NUL or invalid UTF-8 in them is nothing special.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mailvigil::evidence::index {

/// The error of every blob or row that can't be right.
Error damaged();

/// A prepared statement. Bound bytes are borrowed until the next reset().
class Statement {
  public:
    Statement() = default;

    Statement& bind(int place, std::int64_t value);
    Statement& bind(int place, std::uint64_t value);
    Statement& bind(int place, std::string_view bytes);
    Statement& bind(int place, std::optional<std::uint64_t> value);

    /// True: there is a row.
    Result<bool> step();

    /// step() to the end, then reset().
    Result<void> run();
    void reset();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t number(int column) const;
    [[nodiscard]] std::optional<std::uint64_t> optional_number(int column) const;

    /// Valid until the next step() or reset().
    [[nodiscard]] std::string_view bytes(int column) const;

  private:
    friend class Database;

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
  public:
    enum class Mode : std::uint8_t { read, write };

    /// Opens the file; for writing it is created (mode 0600) where it is not there.
    static Result<Database> open(const std::string& path, Mode mode);

    Result<void> run(const char* statements);
    Result<Statement> prepare(std::string_view statement);

    /// One number, for PRAGMAs.
    Result<std::int64_t> number(std::string_view statement);

  private:
    struct Close {
        void operator()(sqlite3* database) const;
    };

    static Result<Database> open(const std::string& name, int flags);

    std::unique_ptr<sqlite3, Close> database_;
};

/// BEGIN now, COMMIT on commit(), else ROLLBACK when it goes.
class Transaction {
  public:
    static Result<Transaction> begin(Database& database, Database::Mode mode);

    Transaction(Transaction&& other) noexcept : database_(other.database_) {
        other.database_ = nullptr;
    }

    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    Result<void> commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}

    Database* database_;
};

}  // namespace mailvigil::evidence::index
