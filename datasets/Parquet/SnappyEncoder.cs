using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Compresses as Snappy does, which every reader of Parquet knows. https://github.com/google/snappy/blob/main/format_description.txt</summary>
sealed class SnappyEncoder
{
    // Copies reach back no further than a block, so that two bytes hold a place.
    const int BlockBytes = 1 << 16, HashBits = 14, MatchBytes = 4, Margin = 16;

    readonly ushort[] _places = new ushort[1 << HashBits];

    /// <summary>Compresses two pieces as if they were one.</summary>
    /// <returns>Bytes written.</returns>
    public int Write(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var before = output.WrittenCount;
        ParquetBits.Varint(output, (ulong)((long)first.Length + second.Length));
        WriteBlocks(output, first);
        WriteBlocks(output, second);
        return output.WrittenCount - before;
    }

    void WriteBlocks(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        for (var from = 0; from < bytes.Length; from += BlockBytes)
        {
            var block = bytes.Slice(from, Math.Min(BlockBytes, bytes.Length - from));
            // The most that a block without any repetition comes to.
            output.Advance(WriteBlock(block, output.GetSpan(32 + block.Length + (block.Length / 6))));
        }
    }

    int WriteBlock(ReadOnlySpan<byte> block, Span<byte> target)
    {
        var (at, written) = (0, 0);
        var end = block.Length - Margin;
        Array.Clear(_places);
        ref var first = ref MemoryMarshal.GetReference(block);
        for (var place = 1; place < end;)
        {
            // The longer nothing repeats, the larger the steps.
            var candidate = 0;
            for (var tries = 32; place < end; place += tries++ >> 5)
            {
                candidate = Exchange(ref first, place);
                if (Load(ref first, place) == Load(ref first, candidate))
                    break;
            }

            if (place >= end)
                break;
            written += WriteLiteral(block[at..place], target[written..]);
            do
            {
                var length = MatchBytes + block[(candidate + MatchBytes)..].CommonPrefixLength(block[(place + MatchBytes)..]);
                written += WriteCopy(place - candidate, length, target[written..]);
                at = place += length;
                if (place >= end)
                    break;
                Exchange(ref first, place - 1);
                candidate = Exchange(ref first, place);
            }
            while (Load(ref first, place) == Load(ref first, candidate));

            place++;
        }

        return written + WriteLiteral(block[at..], target[written..]);
    }

    /// <summary>Notes the place under the hash of its bytes.</summary>
    /// <returns>The place noted there before; the first where there was none.</returns>
    int Exchange(ref byte first, int place)
    {
        ref var slot = ref _places[(Load(ref first, place) * 0x1E35A7BDu) >> (32 - HashBits)];
        int before = slot;
        slot = (ushort)place;
        return before;
    }

    static uint Load(ref byte first, int place) => Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, place));

    static int WriteLiteral(ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        const int inTag = 60, inByte = 60 << 2, inTwo = 61 << 2;
        if (bytes.IsEmpty)
            return 0;
        var (less, header) = (bytes.Length - 1, 1);
        if (less < inTag)
        {
            target[0] = (byte)(less << 2);
        }
        else if (less < 256)
        {
            (target[0], target[1]) = (inByte, (byte)less);
            header = 2;
        }
        else
        {
            (target[0], target[1], target[2]) = (inTwo, (byte)less, (byte)(less >> 8));
            header = 3;
        }

        bytes.CopyTo(target[header..]);
        return header + bytes.Length;
    }

    static int WriteCopy(int back, int length, Span<byte> target)
    {
        // A copy takes up to 64 bytes; the last of several must be left 4 at least.
        var written = 0;
        for (; length >= 68; length -= 64)
            written += WriteShortCopy(back, 64, target[written..]);
        if (length > 64)
        {
            written += WriteShortCopy(back, 60, target[written..]);
            length -= 60;
        }

        return written + WriteShortCopy(back, length, target[written..]);
    }

    static int WriteShortCopy(int back, int length, Span<byte> target)
    {
        if (length < 12 && back < 2048)
        {
            (target[0], target[1]) = ((byte)(((back >> 8) << 5) | ((length - 4) << 2) | 1), (byte)back);
            return 2;
        }

        (target[0], target[1], target[2]) = ((byte)(((length - 1) << 2) | 2), (byte)back, (byte)(back >> 8));
        return 3;
    }
}
