using System.Buffers;

namespace OfflineRL.Datasets;

/// <summary>Gathers one passed-through column of an episode from stored rows.</summary>
sealed class InfoBuffer(InfoColumn column)
{
    readonly ArrayBufferWriter<double> _doubles = new();
    readonly ArrayBufferWriter<long> _integers = new();
    readonly ArrayBufferWriter<bool> _booleans = new();
    readonly List<string?> _texts = [];

    public InfoValues Values => new()
    {
        Doubles = _doubles.WrittenMemory,
        Integers = _integers.WrittenMemory,
        Booleans = _booleans.WrittenMemory,
        Texts = _texts.ToArray(),
    };

    public void Append(DuckDbVector vector, int row, int count)
    {
        switch (column.Type)
        {
            case InfoType.Double when column.Width > 0:
                for (int i = row; i < row + count; i++)
                {
                    _doubles.Write(vector.Child.Values<double>().Slice((int)vector.Lists[i].Offset, (int)vector.Lists[i].Length));
                }

                break;
            case InfoType.Double:
                AppendNumbers(_doubles, vector, row, count);
                break;
            case InfoType.Integer:
                _integers.Write(vector.Values<long>().Slice(row, count));
                break;
            case InfoType.Boolean:
                _booleans.Write(vector.Values<bool>().Slice(row, count));
                break;
            default:
                for (int i = row; i < row + count; i++)
                {
                    _texts.Add(vector.IsNull(i) ? null : vector.Text(i));
                }

                break;
        }
    }

    public void Clear()
    {
        _doubles.ResetWrittenCount();
        _integers.ResetWrittenCount();
        _booleans.ResetWrittenCount();
        _texts.Clear();
    }

    /// <summary>Numbers, null as NaN.</summary>
    public static void AppendNumbers(ArrayBufferWriter<double> buffer, DuckDbVector vector, int row, int count)
    {
        ReadOnlySpan<double> values = vector.Values<double>();
        for (int i = row; i < row + count; i++)
        {
            buffer.Write([vector.IsNull(i) ? double.NaN : values[i]]);
        }
    }
}
