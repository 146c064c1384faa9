namespace OfflineRL.Datasets;

/// <summary>A statement failed; the message is DuckDB's.</summary>
public sealed class DuckDbException(string message) : Exception(message);

/// <summary>Quotes what cannot be bound.</summary>
public static class DuckDbSql
{
    /// <summary>A name of a table or column, in double quotes.</summary>
    public static string Name(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>A text, in single quotes.</summary>
    public static string Text(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
}

/// <summary>DuckDB's type ids, of those types this product meets.</summary>
public enum DuckDbType
{
    Boolean = 1,
    TinyInt = 2,
    SmallInt = 3,
    Integer = 4,
    BigInt = 5,
    UTinyInt = 6,
    USmallInt = 7,
    UInteger = 8,
    UBigInt = 9,
    Float = 10,
    Double = 11,
    Timestamp = 12,
    Date = 13,
    Time = 14,
    Interval = 15,
    HugeInt = 16,
    Varchar = 17,
    Blob = 18,
    Decimal = 19,
    TimestampSeconds = 20,
    TimestampMilliseconds = 21,
    TimestampNanoseconds = 22,
    Enum = 23,
    List = 24,
    Struct = 25,
    Map = 26,
    Array = 33,
    TimestampTz = 31,
}

/// <summary>The rows of a query, in chunks of at most 2,048.</summary>
public sealed class DuckDbResult : IDisposable
{
    public int ColumnCount => throw new NotSupportedException();

    public string ColumnName(int column) => throw new NotSupportedException();

    public DuckDbType ColumnType(int column) => throw new NotSupportedException();

    /// <summary>The next chunk, to be disposed by the caller; null at the end.</summary>
    public DuckDbChunk? Next() => throw new NotSupportedException();

    public void Dispose()
    {
    }
}

/// <summary>Up to 2,048 rows as column vectors.</summary>
public sealed class DuckDbChunk : IDisposable
{
    public int Rows => throw new NotSupportedException();

    /// <summary>Valid until the chunk is disposed.</summary>
    public DuckDbVector this[int column] => throw new NotSupportedException();

    public void Dispose()
    {
    }
}

/// <summary>Where one row's list lies in the child vector.</summary>
public readonly record struct DuckDbList(ulong Offset, ulong Length);

/// <summary>One column of a chunk, in place: nothing is copied.</summary>
public readonly ref struct DuckDbVector
{
    public int Rows => throw new NotSupportedException();

    public DuckDbType Type => throw new NotSupportedException();

    /// <summary>False: certainly no null.</summary>
    public bool MayHaveNulls => throw new NotSupportedException();

    public bool IsNull(int row) => throw new NotSupportedException();

    /// <summary>The values as they lie; those of null rows are undefined.</summary>
    public ReadOnlySpan<T> Values<T>()
        where T : unmanaged => throw new NotSupportedException();

    /// <summary>A text.</summary>
    public string Text(int row) => throw new NotSupportedException();

    /// <summary>The bytes of a blob or text, in place.</summary>
    public ReadOnlySpan<byte> Bytes(int row) => throw new NotSupportedException();

    /// <summary>For lists: where each row's values lie in <see cref="Child"/>.</summary>
    public ReadOnlySpan<DuckDbList> Lists => throw new NotSupportedException();

    /// <summary>For lists and arrays: the values of all rows.</summary>
    public DuckDbVector Child => throw new NotSupportedException();
}

/// <summary>Appends chunks to a table.</summary>
public sealed class DuckDbAppender : IDisposable
{
    public void Dispose()
    {
    }
}
