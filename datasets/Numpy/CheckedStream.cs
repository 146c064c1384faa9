namespace OfflineRL.Datasets;

/// <summary>Reads on while it sums the CRC-32 of what was read (the one of zip: ISO 3309, polynomial 0xEDB88320).</summary>
sealed class CheckedStream(Stream inner) : Stream
{
    static readonly uint[] Table = MakeTable();

    uint _crc = uint.MaxValue;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Of all that was read so far.</summary>
    public uint Crc32 => ~_crc;

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        _crc = Append(_crc, buffer[..read]);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    // Eight bytes a turn, so that summing is not what reading waits for.
    static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var table = Table;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            var low = crc ^ (bytes[0] | ((uint)bytes[1] << 8) | ((uint)bytes[2] << 16) | ((uint)bytes[3] << 24));
            crc = table[(7 * 256) + (byte)low] ^ table[(6 * 256) + (byte)(low >> 8)] ^ table[(5 * 256) + (byte)(low >> 16)] ^ table[(4 * 256) + (low >> 24)]
                ^ table[(3 * 256) + bytes[4]] ^ table[(2 * 256) + bytes[5]] ^ table[256 + bytes[6]] ^ table[bytes[7]];
        }

        foreach (var b in bytes)
            crc = table[(byte)(crc ^ b)] ^ (crc >> 8);
        return crc;
    }

    static uint[] MakeTable()
    {
        var table = new uint[8 * 256];
        for (var i = 0u; i < 256; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            table[i] = crc;
        }

        for (var i = 256; i < table.Length; i++)
            table[i] = (table[i - 256] >> 8) ^ table[(byte)table[i - 256]];
        return table;
    }
}
