namespace OfflineRL.Ingest;

/// <summary>Arrays of an HDF5 file. Short episodes are gathered, so that each write fills a good part of a packed chunk.</summary>
sealed class Hdf5Sink(string path) : IArraySink
{
    const int GatheredBytes = 1 << 20;

    readonly Hdf5Writer _writer = new(path);
    readonly Dictionary<string, Gathered> _arrays = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<string>> _texts = new(StringComparer.Ordinal);

    public bool HasTexts => true;

    public void Append<T>(string name, IReadOnlyList<int> rowShape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (!_arrays.TryGetValue(name, out var array))
        {
            array = new Gathered<T>(_writer.Begin<T>(name, rowShape));
            _arrays.Add(name, array);
        }

        ((Gathered<T>)array).Add(values);
    }

    // Texts of steps are kept until the end: an array of them is written at once.
    public void AppendTexts(string name, IReadOnlyList<string?> values)
    {
        if (!_texts.TryGetValue(name, out var texts))
            _texts.Add(name, texts = []);
        texts.AddRange(values.Select(v => v ?? ""));
    }

    public void WriteTexts(string name, IReadOnlyList<string> values) => _writer.WriteTexts(name, values);

    public void Finish()
    {
        foreach (var array in _arrays.Values)
            array.Flush();
        foreach (var (name, texts) in _texts)
            _writer.WriteTexts(name, texts);
        DisposeArrays();
        _writer.Close();
    }

    public void Dispose()
    {
        DisposeArrays();
        _writer.Dispose();
    }

    void DisposeArrays()
    {
        foreach (var array in _arrays.Values)
            array.Dispose();
        _arrays.Clear();
    }

    abstract class Gathered : IDisposable
    {
        public abstract void Flush();

        public abstract void Dispose();
    }

    sealed class Gathered<T>(Hdf5Array array) : Gathered
        where T : unmanaged
    {
        readonly List<T> _values = [];

        public void Add(ReadOnlySpan<T> values)
        {
            _values.AddRange(values);
            if (_values.Count >= GatheredBytes / System.Runtime.CompilerServices.Unsafe.SizeOf<T>())
                Flush();
        }

        public override void Flush()
        {
            if (_values.Count > 0)
                array.Append<T>(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_values));
            _values.Clear();
        }

        public override void Dispose() => array.Dispose();
    }
}
