using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// A <c>.npz</c> archive. Its arrays stand behind one another, and the dataset gives a row of all of them at a time: each gathers in a file
/// of its own first, so that memory stays bounded.
/// </summary>
sealed class NpzSink(string path, string folder) : IArraySink
{
    readonly Dictionary<string, Spool> _spools = new(StringComparer.Ordinal);
    readonly List<(string Name, IReadOnlyList<string> Values)> _texts = [];

    public bool HasTexts => false;

    public void Append<T>(string name, IReadOnlyList<int> rowShape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (!_spools.TryGetValue(name, out var spool))
        {
            spool = new Spool(NpyType.Of<T>(), rowShape, new FileStream(Path.Combine(folder, $".spool-{_spools.Count}"), FileMode.CreateNew));
            _spools.Add(name, spool);
        }

        spool.File.Write(MemoryMarshal.AsBytes(values));
        spool.Rows += values.Length / rowShape.Aggregate(1, (product, size) => product * size);
    }

    public void AppendTexts(string name, IReadOnlyList<string?> values) => throw new NotSupportedException();

    public void WriteTexts(string name, IReadOnlyList<string> values) => _texts.Add((name, values));

    public void Finish()
    {
        using (var writer = NpzWriter.Create(path))
        {
            foreach (var (name, spool) in _spools)
            {
                spool.File.Position = 0;
                writer.Add(name, spool.Type, [spool.Rows, .. spool.RowShape.Select(s => (long)s)], spool.File);
                spool.Delete();
            }

            foreach (var (name, values) in _texts)
                writer.Add(name, values);
            writer.Commit();
        }
    }

    public void Dispose()
    {
        foreach (var spool in _spools.Values)
            spool.Delete();
    }

    sealed class Spool(NpyType type, IReadOnlyList<int> rowShape, FileStream file)
    {
        public NpyType Type => type;

        public IReadOnlyList<int> RowShape => rowShape;

        public FileStream File => file;

        public long Rows { get; set; }

        public void Delete()
        {
            file.Dispose();
            System.IO.File.Delete(file.Name);
        }
    }
}
