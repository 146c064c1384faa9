using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The arrays of a <c>.npz</c> file.</summary>
sealed class NpzArrays : IArrayFile
{
    readonly NpzFile _file;

    public NpzArrays(string path)
    {
        _file = NpzFile.Open(path, NumpyReader.MostWhole, leaveOut: true);
        Arrays = [.. _file.Entries.Select(e => NumpyReader.Describe(e.Name, e))];
    }

    public string Path => _file.Path;

    public IReadOnlyList<ArrayInfo> Arrays { get; }

    public IReadOnlyDictionary<string, string> Refused => _file.LeftOut;

    public ArrayReader Open(string name) => NumpyReader.Of(_file, Arrays.First(a => a.Name == name), name);

    public void Dispose() => _file.Dispose();
}

/// <summary>A folder's <c>.npy</c> files, one array each, named by the files.</summary>
sealed class NpyFolder : IArrayFile
{
    readonly List<NpzFile> _files = [];
    readonly List<ArrayInfo> _arrays = [];
    readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);

    public NpyFolder(string folder, IEnumerable<string> files)
    {
        Path = folder;
        try
        {
            foreach (var path in files)
            {
                var file = NpzFile.Open(path, NumpyReader.MostWhole, leaveOut: true);
                _files.Add(file);
                foreach (var (name, reason) in file.LeftOut)
                    _refused[name] = reason;
                _arrays.AddRange(file.Entries.Select(e => NumpyReader.Describe(e.Name, e)));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; }

    public IReadOnlyList<ArrayInfo> Arrays => _arrays;

    public IReadOnlyDictionary<string, string> Refused => _refused;

    public ArrayReader Open(string name)
    {
        var file = _files.First(f => f.Contains(name));
        return NumpyReader.Of(file, _arrays.First(a => a.Name == name), name);
    }

    public void Dispose() => _files.ForEach(f => f.Dispose());
}
