using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>One field of one chunk of rows, copied out of DuckDB's vectors column by column.</summary>
sealed class FieldBuffer(FieldKind kind, bool float32)
{
    double[] _numbers = [];
    int[] _offsets = [];
    int[] _lengths = [];
    bool[] _nulls = [];
    long[] _times = [];
    string?[] _texts = [];
    byte[] _bytes = [];

    public bool IsNull(int row) => _nulls[row];

    /// <summary>NaN where there is none.</summary>
    public double Number(int row) => _nulls[row] ? double.NaN : _numbers[row];

    /// <summary>Empty where there are none; NaN for elements that are null, infinite for texts that are no numbers.</summary>
    public ReadOnlySpan<double> Numbers(int row) => _nulls[row] ? [] : _numbers.AsSpan(_offsets[row], _lengths[row]);

    /// <summary>Of an image; empty where there is none.</summary>
    public ReadOnlySpan<byte> Bytes(int row) => _nulls[row] ? [] : _bytes.AsSpan(_offsets[row], _lengths[row]);

    public string? Text(int row) => _nulls[row] ? null : _texts[row];

    public long Time(int row) => _times[row];

    public void Load(in DuckDbVector vector)
    {
        var rows = vector.Rows;
        _nulls = new bool[rows];
        for (var row = 0; row < rows; row++)
            _nulls[row] = vector.IsNull(row);
        switch (kind)
        {
            case FieldKind.Number:
                _numbers = vector.Values<double>().ToArray();
                break;
            case FieldKind.Numbers:
                LoadLists(vector, rows);
                break;
            case FieldKind.Bytes:
                LoadBytes(vector, rows);
                break;
            case FieldKind.Time:
                _times = vector.Values<long>().ToArray();
                break;
            default:
                _texts = new string?[rows];
                for (var row = 0; row < rows; row++)
                    _texts[row] = _nulls[row] ? null : vector.Text(row);
                break;
        }

        if (float32)
        {
            for (var i = 0; i < _numbers.Length; i++)
                _numbers[i] = (float)_numbers[i];
        }
    }

    void LoadBytes(in DuckDbVector vector, int rows)
    {
        _offsets = new int[rows];
        _lengths = new int[rows];
        var total = 0;
        for (var row = 0; row < rows; row++)
        {
            _offsets[row] = total;
            _lengths[row] = _nulls[row] ? 0 : vector.Bytes(row).Length;
            total = checked(total + _lengths[row]);
        }

        if (_bytes.Length < total)
            _bytes = GC.AllocateUninitializedArray<byte>(total);
        for (var row = 0; row < rows; row++)
        {
            if (!_nulls[row])
                vector.Bytes(row).CopyTo(_bytes.AsSpan(_offsets[row]));
        }
    }

    void LoadLists(in DuckDbVector vector, int rows)
    {
        var child = vector.Child;
        _numbers = child.Values<double>().ToArray();
        for (var i = 0; i < _numbers.Length; i++)
        {
            if (child.IsNull(i))
                _numbers[i] = double.NaN;
        }

        _offsets = new int[rows];
        _lengths = new int[rows];
        var lists = vector.Lists;
        for (var row = 0; row < rows; row++)
        {
            if (!_nulls[row])
                (_offsets[row], _lengths[row]) = (checked((int)lists[row].Offset), checked((int)lists[row].Length));
        }
    }
}
