namespace OfflineRL.Ingest;

/// <summary>NumPy archives (<c>.npz</c>), and folders of <c>.npy</c> files, each the array that its name says.</summary>
sealed class NumpySource : StagedSource
{
    public override SourceFormat Format => SourceFormat.Numpy;

    public override bool Recognizes(SourceProbe probe) =>
        probe.HeadStartsWith([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'])
        // The first member of a zip file carries its name; an archive of arrays holds nothing else.
        || (probe.HeadStartsWith("PK"u8) && (HasMember(probe.Head.Span) || probe.Path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase)));

    public override ImportConfig Decode(SourceRequest request, StagedWriter writer)
    {
        ImportConfig? map = null;
        foreach (var (file, open) in Tables(request.Paths))
        {
            using var arrays = open();
            var table = new FlatTable(arrays, request, file);
            foreach (var name in table.LeftOut.Concat(arrays.Refused.Keys).Take(20))
                request.Notes.Add(Throw.LeftOut(arrays.Path, name, arrays.Refused.GetValueOrDefault(name)));
            table.Write(writer);
            map ??= table.Map;
        }

        writer.Finish(request.Paths);
        return map ?? ArrayMap.Of(writer.Columns);
    }

    // An archive is a table; the .npy files of one folder are the columns of one.
    static IEnumerable<(int File, Func<IArrayFile> Open)> Tables(IReadOnlyList<string> paths)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < paths.Count; i++)
        {
            var path = paths[i];
            if (!IsLone(path))
            {
                yield return (i, () => new NpzArrays(path));
                continue;
            }

            var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            if (!folders.Add(folder))
                continue;
            var files = paths.Where(p => Path.GetDirectoryName(Path.GetFullPath(p)) == folder && IsLone(p)).ToList();
            yield return (i, () => new NpyFolder(folder, files));
        }
    }

    static bool IsLone(string path) => !SourceProbe.Open(path).HeadStartsWith("PK"u8);

    static bool HasMember(ReadOnlySpan<byte> head)
    {
        const int NameLength = 26, Name = 30;
        if (head.Length < Name)
            return false;
        var length = head[NameLength] | (head[NameLength + 1] << 8);
        return head.Length >= Name + length && head.Slice(Name, length).EndsWith(".npy"u8);
    }
}
