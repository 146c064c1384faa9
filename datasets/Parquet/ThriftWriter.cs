using System.Buffers;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>Thrift's compact protocol, as far as Parquet's metadata needs it: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md</summary>
sealed class ThriftWriter(ArrayBufferWriter<byte> output)
{
    const byte True = 1, False = 2, Int32Type = 5, Int64Type = 6, BinaryType = 8, ListType = 9, StructType = 12;
    readonly Stack<int> _outer = new();
    int _last;

    public void Int32(int field, int value)
    {
        Field(field, Int32Type);
        Number(value);
    }

    public void Int64(int field, long value)
    {
        Field(field, Int64Type);
        Number(value);
    }

    public void Boolean(int field, bool value) => Field(field, value ? True : False);

    public void Text(int field, string value)
    {
        Field(field, BinaryType);
        Element(Encoding.UTF8.GetBytes(value));
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Field(field, BinaryType);
        Element(value);
    }

    /// <summary>A list of structs; each is written between Begin and End.</summary>
    public void Structs(int field, int count) => List(field, StructType, count);

    public void Int32s(int field, params ReadOnlySpan<int> values)
    {
        List(field, Int32Type, values.Length);
        foreach (var value in values)
            Number(value);
    }

    public void Texts(int field, params ReadOnlySpan<string> values)
    {
        List(field, BinaryType, values.Length);
        foreach (var value in values)
            Element(Encoding.UTF8.GetBytes(value));
    }

    /// <summary>A struct as a field of the present one.</summary>
    public void Begin(int field)
    {
        Field(field, StructType);
        Begin();
    }

    /// <summary>A struct of its own, or the next of a list.</summary>
    public void Begin()
    {
        _outer.Push(_last);
        _last = 0;
    }

    public void End()
    {
        Byte(0);
        _last = _outer.Pop();
    }

    void Field(int field, byte type)
    {
        Byte((byte)(((field - _last) << 4) | type));
        _last = field;
    }

    void List(int field, byte type, int count)
    {
        Field(field, ListType);
        if (count < 15)
        {
            Byte((byte)((count << 4) | type));
            return;
        }

        Byte((byte)(0xF0 | type));
        Unsigned((ulong)count);
    }

    void Element(ReadOnlySpan<byte> bytes)
    {
        Unsigned((ulong)bytes.Length);
        output.Write(bytes);
    }

    // Zigzag: small numbers of either sign take few bytes.
    void Number(long value) => Unsigned((ulong)((value << 1) ^ (value >> 63)));

    void Unsigned(ulong value) => ParquetBits.Varint(output, value);

    void Byte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }
}
