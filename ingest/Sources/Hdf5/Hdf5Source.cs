using OfflineRL.Ingest.Hdf5;

namespace OfflineRL.Ingest;

/// <summary>HDF5 in the layouts of D4RL and d3rlpy 1 (flat arrays), Minari (a group an episode) and d3rlpy 2 (arrays numbered by episode).</summary>
sealed class Hdf5Source : StagedSource
{
    public override SourceFormat Format => SourceFormat.Hdf5;

    public override bool IsIsolated => true;

    // The signature may stand behind a block for other programs, at 512 bytes or a power of two further on.
    public override bool Recognizes(SourceProbe probe)
    {
        ReadOnlySpan<byte> signature = [0x89, (byte)'H', (byte)'D', (byte)'F', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];
        var head = probe.Head.Span;
        if (head.StartsWith(signature))
            return true;
        for (var at = 512; at + signature.Length <= head.Length; at *= 2)
        {
            if (head[at..].StartsWith(signature))
                return true;
        }

        return false;
    }

    public override ImportConfig Decode(SourceRequest request, StagedWriter writer)
    {
        ImportConfig? map = null;
        for (var i = 0; i < request.Paths.Count; i++)
        {
            using var file = new Hdf5File(request.Paths[i]);
            map = Decode(request, file, i, writer);
        }

        writer.Finish(request.Paths);
        return map!;
    }

    static ImportConfig Decode(SourceRequest request, Hdf5File file, int index, StagedWriter writer)
    {
        if (file.Root.Any(MinariEpisodes.IsEpisode))
            return new MinariEpisodes(file).Write(writer, index, request);
        if (file.Root.Contains("columns") && file.Root.Contains("num_episodes"))
            return new D3rlpyEpisodes(file).Write(writer, index, request.Empty);
        var table = new FlatTable(file, request, index);
        foreach (var name in table.LeftOut.Where(n => !n.StartsWith(FlatTable.Metadata, StringComparison.Ordinal)).Concat(file.Refused.Keys).Take(20))
            request.Notes.Add(Throw.LeftOut(file.Path, name, file.Refused.GetValueOrDefault(name)));
        table.Write(writer);
        return table.Map ?? ArrayMap.Of(writer.Columns, DiscreteActions(file));
    }

    // d3rlpy 1 says whether actions are discrete, whatever type they have.
    static bool? DiscreteActions(Hdf5File file)
    {
        if (!file.Root.Contains("discrete_action"))
            return null;
        var flag = file.Describe("discrete_action");
        if (flag.Shape.Count > 0 || flag.Kind is ArrayKind.Text)
            return null;
        using var reader = file.Open("discrete_action");
        Span<bool> value = stackalloc bool[1];
        reader.Read(value);
        return value[0];
    }
}
