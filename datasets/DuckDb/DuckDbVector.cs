using System.Text;

namespace OfflineRL.Datasets;

/// <summary>Where one row's list lies in the child vector.</summary>
public readonly record struct DuckDbList(ulong Offset, ulong Length);

/// <summary>One column of a chunk, in place: nothing is copied. Valid until its chunk is disposed.</summary>
public readonly unsafe ref struct DuckDbVector
{
    readonly nint _vector;
    readonly DuckDbColumnType _type;
    readonly void* _data;
    readonly ulong* _validity;

    internal DuckDbVector(nint vector, DuckDbColumnType type, int rows)
    {
        _vector = vector;
        _type = type;
        _data = NativeMethods.VectorData(vector);
        _validity = NativeMethods.VectorValidity(vector);
        Rows = rows;
    }

    public int Rows { get; }

    public DuckDbType Type => _type.Id;

    /// <summary>Whether any row is null.</summary>
    public bool AnyNull
    {
        get
        {
            if (_validity == null)
            {
                return false;
            }

            int words = Rows >> 6, rest = Rows & 63;
            ulong last = (1UL << rest) - 1;
            return new ReadOnlySpan<ulong>(_validity, words).IndexOfAnyExcept(ulong.MaxValue) >= 0 || (rest > 0 && (_validity[words] & last) != last);
        }
    }

    public bool IsNull(int row) => _validity != null && ((_validity[row >> 6] >> (row & 63)) & 1) == 0;

    /// <summary>For lists: where each row's values lie in <see cref="Child"/>; undefined for null rows.</summary>
    public ReadOnlySpan<DuckDbList> Lists => Type == DuckDbType.List
        ? new(_data, Rows)
        : throw new InvalidOperationException($"A column of type {Type} has no lists.");

    /// <summary>For lists and arrays: the values of all rows.</summary>
    public DuckDbVector Child => Type switch
    {
        DuckDbType.List => new(NativeMethods.ListChild(_vector), _type.Child!, checked((int)NativeMethods.ListSize(_vector))),
        DuckDbType.Array => new(NativeMethods.ArrayChild(_vector), _type.Child!, checked(Rows * _type.ArraySize)),
        _ => throw new InvalidOperationException($"A column of type {Type} has no child."),
    };

    /// <summary>For arrays: values a row.</summary>
    public int ArraySize => _type.ArraySize;

    /// <summary>The values as they lie; those of null rows are undefined.</summary>
    /// <exception cref="InvalidOperationException"><typeparamref name="T"/> is not what DuckDB stores for the type.</exception>
    public ReadOnlySpan<T> Values<T>()
        where T : unmanaged
    {
        if (sizeof(T) != SizeOf(Type))
        {
            throw new InvalidOperationException($"A column of type {Type} does not hold {typeof(T).Name} values.");
        }

        return new(_data, Rows);
    }

    /// <summary>The bytes of a blob or of a text in UTF-8, in place.</summary>
    public ReadOnlySpan<byte> Bytes(int row)
    {
        if (Type is not (DuckDbType.Varchar or DuckDbType.Blob))
        {
            throw new InvalidOperationException($"A column of type {Type} holds neither texts nor blobs.");
        }

        // duckdb_string_t: a length, then up to 12 bytes in place, or 4 bytes of prefix and a pointer.
        byte* element = (byte*)_data + (row * 16L);
        uint length = *(uint*)element;
        return new(length <= 12 ? element + 4 : *(byte**)(element + 8), checked((int)length));
    }

    /// <summary>A text.</summary>
    public string Text(int row) => Encoding.UTF8.GetString(Bytes(row));

    static int SizeOf(DuckDbType type) => type switch
    {
        DuckDbType.Boolean or DuckDbType.TinyInt or DuckDbType.UTinyInt => 1,
        DuckDbType.SmallInt or DuckDbType.USmallInt => 2,
        DuckDbType.Integer or DuckDbType.UInteger or DuckDbType.Float or DuckDbType.Date => 4,
        DuckDbType.HugeInt or DuckDbType.UHugeInt or DuckDbType.Interval => 16,
        DuckDbType.BigInt or DuckDbType.UBigInt or DuckDbType.Double or DuckDbType.Time
            or DuckDbType.Timestamp or DuckDbType.TimestampTz or DuckDbType.TimestampSeconds
            or DuckDbType.TimestampMilliseconds or DuckDbType.TimestampNanoseconds => 8,
        _ => -1,
    };
}
