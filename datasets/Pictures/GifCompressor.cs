namespace OfflineRL.Datasets;

/// <summary>The compression of GIF: Lempel, Ziv and Welch's, with codes of 3 to 12 bits in blocks of 255 bytes.</summary>
static class GifCompressor
{
    const int MostCodes = 4096;

    /// <param name="stream">Written.</param>
    /// <param name="indices">Colors, each below 2^<paramref name="bits"/>.</param>
    /// <param name="bits">2 to 8.</param>
    public static void Write(Stream stream, ReadOnlySpan<byte> indices, int bits)
    {
        stream.WriteByte((byte)bits);
        var (clear, end) = (1 << bits, (1 << bits) + 1);
        var blocks = new BlockWriter(stream);
        // Code of a text and its next color -> code of the longer text.
        var longer = new Dictionary<int, int>();
        var (next, size) = (end + 1, bits + 1);
        blocks.Write(clear, size);
        int text = indices[0];
        foreach (var color in indices[1..])
        {
            if (longer.TryGetValue((text << 8) | color, out var known))
            {
                text = known;
                continue;
            }

            blocks.Write(text, size);
            if (next == MostCodes)
            {
                blocks.Write(clear, size);
                longer.Clear();
                (next, size) = (end + 1, bits + 1);
            }
            else
            {
                // The reader learns this code one step later, and widens its codes then.
                if (next == 1 << size)
                    size++;
                longer.Add((text << 8) | color, next++);
            }

            text = color;
        }

        blocks.Write(text, size);
        // The reader has by now learned the code that the last write made.
        if (next == 1 << size && size < 12)
            size++;
        blocks.Write(end, size);
        blocks.Finish();
    }

    /// <summary>Bits, lowest first, into blocks that each begin with their length.</summary>
    sealed class BlockWriter(Stream stream)
    {
        readonly byte[] _block = new byte[256];
        int _length, _bits, _bitCount;

        public void Write(int code, int size)
        {
            _bits |= code << _bitCount;
            for (_bitCount += size; _bitCount >= 8; _bitCount -= 8)
            {
                Put((byte)_bits);
                _bits >>>= 8;
            }
        }

        public void Finish()
        {
            if (_bitCount > 0)
                Put((byte)_bits);
            Flush();
            stream.WriteByte(0);
        }

        void Put(byte value)
        {
            _block[++_length] = value;
            if (_length == 255)
                Flush();
        }

        void Flush()
        {
            if (_length == 0)
                return;
            _block[0] = (byte)_length;
            stream.Write(_block.AsSpan(0, _length + 1));
            _length = 0;
        }
    }
}
