using System.Runtime.InteropServices;

namespace OfflineRL.Ingest;

/// <summary>Decompresses Zstandard frames, one after the other, through the C library; memory is bounded by the library's limit on windows, 128 MiB.</summary>
sealed unsafe partial class ZstdStream : ReadStream
{
    const string Library = "libzstd.so.1";

    readonly Stream _source;
    readonly byte[] _input = new byte[128 * 1024];
    readonly byte* _pinned;
    GCHandle _pin;
    nint _context;
    int _start;
    int _end;
    bool _inFrame;

    public ZstdStream(Stream source)
    {
        _source = source;
        _context = Create();
        _pin = GCHandle.Alloc(_input, GCHandleType.Pinned);
        _pinned = (byte*)_pin.AddrOfPinnedObject();
    }

    /// <exception cref="InvalidDataException">The data are damaged, or end within a frame.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            if (_start == _end)
            {
                (_start, _end) = (0, _source.Read(_input));
                if (_end == 0 && _inFrame && Decompress(buffer) is var rest and > 0)
                    return rest;
                if (_end == 0)
                    return _inFrame ? throw new InvalidDataException("it ends in the middle of a frame") : 0;
            }

            if (Decompress(buffer) is var written and > 0)
                return written;
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (_context != 0)
        {
            _ = Free(_context);
            _pin.Free();
            _context = 0;
        }

        if (disposing)
            _source.Dispose();
        base.Dispose(disposing);
    }

    int Decompress(Span<byte> buffer)
    {
        fixed (byte* output = buffer)
        {
            var to = new Buffer { Data = output, Size = (nuint)buffer.Length };
            var from = new Buffer { Data = _pinned + _start, Size = (nuint)(_end - _start) };
            var result = DecompressStream(_context, &to, &from);
            if (IsError(result) != 0)
                throw new InvalidDataException(Marshal.PtrToStringUTF8(ErrorName(result)));
            _start += (int)from.Position;
            // What is left of a frame, 0 at its end; a call that did nothing says nothing.
            if (from.Position > 0 || to.Position > 0)
                _inFrame = result != 0;
            return (int)to.Position;
        }
    }

    struct Buffer
    {
        public byte* Data;
        public nuint Size;
        public nuint Position;
    }

    [LibraryImport(Library, EntryPoint = "ZSTD_createDStream")]
    private static partial nint Create();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDStream")]
    private static partial nuint Free(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    private static partial nuint DecompressStream(nint context, Buffer* output, Buffer* input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint ErrorName(nuint code);
}
