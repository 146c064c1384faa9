using System.Security.Cryptography;

namespace OfflineRL.Datasets;

/// <summary>Compares a dataset with its manifest and the contract, and gathers what does not hold.</summary>
sealed class DatasetCheck(Dataset dataset)
{
    const int MostFindingsEach = 20;

    readonly DatasetManifest _manifest = dataset.Manifest;
    readonly List<string> _findings = [];
    readonly Dictionary<string, int> _counts = [];
    bool _brokenFile;

    /// <returns>The findings; empty where everything holds.</returns>
    public IReadOnlyList<string> Run(IJobProgress progress, CancellationToken cancellation)
    {
        // Without DuckDB nothing can be said of the rows, which is no finding about the dataset.
        NativeMethods.EnsureLoaded();
        CheckFiles(progress, cancellation);
        using ContentHash hash = new();
        StoredHash stored = new(hash, _manifest);
        List<EpisodeRecord> episodes = [];
        bool readable = Try(() => new EpisodesReader(dataset).Read((episode, final) =>
        {
            stored.Add(episode, final);
            CheckFinal(episode, final);
            episodes.Add(episode);
        }));
        if (readable)
        {
            CheckEpisodes(episodes);
            readable = Try(() => CheckSteps(episodes, stored, progress, cancellation));
        }

        // What the statistics are of is known to be what the manifest hashes: a difference is the manifest's.
        if (readable && _findings.Count == 0)
        {
            Try(() => CheckStatistics(cancellation));
        }

        string found = readable ? hash.Finish(ContentHeader.Of(_manifest)) : _manifest.ContentHash;
        if (found != _manifest.ContentHash)
        {
            Add("content", $"the content hash of the rows is {found}, the manifest says {_manifest.ContentHash}");
        }

        CheckColumns(progress, cancellation);
        foreach ((string kind, int count) in _counts.Where(c => c.Value > MostFindingsEach))
        {
            _findings.Add($"{count - MostFindingsEach} more findings of the kind '{kind}'");
        }

        return _findings;
    }

    void CheckFiles(IJobProgress progress, CancellationToken cancellation)
    {
        long done = 0, total = _manifest.Files.Sum(f => f.Bytes);
        foreach (DatasetFile file in _manifest.Files)
        {
            cancellation.ThrowIfCancellationRequested();
            string path = dataset.PathOf(file);
            if (!File.Exists(path))
            {
                Add("file", $"'{file.Path}' is missing");
                _brokenFile = true;
                continue;
            }

            using FileStream stream = File.OpenRead(path);
            if (stream.Length != file.Bytes)
            {
                _brokenFile |= !EndsAsParquet(stream);
                Add("file", $"'{file.Path}' has {stream.Length} bytes, the manifest says {file.Bytes}: {(stream.Length < file.Bytes ? "it is truncated" : "it was changed")}");
            }
            else if (Convert.ToHexStringLower(SHA256.HashData(stream)) != file.Sha256)
            {
                Add("file", $"'{file.Path}' has another SHA-256 than the manifest says: it was changed");
            }

            done += file.Bytes;
            progress.Report("check files", done, total);
        }

        HashSet<string> known = [Dataset.ManifestFile, .. _manifest.Files.Select(f => f.Path)];
        foreach (string stranger in dataset.FilesFound().Where(f => !known.Contains(f)).Order(StringComparer.Ordinal))
        {
            Add("file", $"'{stranger}' is not in the manifest");
        }
    }

    static bool EndsAsParquet(FileStream stream)
    {
        Span<byte> end = stackalloc byte[4];
        stream.Position = Math.Max(0, stream.Length - end.Length);
        return stream.ReadAtLeast(end, end.Length, throwOnEndOfStream: false) == end.Length && end.SequenceEqual("PAR1"u8);
    }

    // What was compiled of the dataset earlier is learned from without a look at the dataset.
    void CheckColumns(IJobProgress progress, CancellationToken cancellation)
    {
        if (!Directory.Exists(dataset.ColumnsFolder))
        {
            return;
        }

        Try(() =>
        {
            foreach (string finding in TrainingColumns.Findings(dataset.ColumnsFolder, progress, cancellation))
            {
                Add("columns", finding);
            }
        });
    }

    void CheckFinal(EpisodeRecord episode, ReadOnlySpan<byte> final)
    {
        if (_manifest.ObservationSpace is BoxSpace { ElementType: ElementType.Float32 })
        {
            foreach (float value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(final))
            {
                if (!float.IsFinite(value))
                {
                    Add("final_observation", FormattableString.Invariant($"episode {episode.EpisodeId}: final_observation holds {value}"));
                    return;
                }
            }
        }
    }

    void CheckEpisodes(List<EpisodeRecord> episodes)
    {
        long row = 0;
        for (int i = 0; i < episodes.Count; i++)
        {
            EpisodeRecord e = episodes[i];
            if (e.EpisodeId != i || e.Steps < 1 || e.FirstRow != row)
            {
                Add("episodes table", $"row {i} of {Dataset.EpisodesFile}: found episode {e.EpisodeId}, {e.Steps} steps, first row {e.FirstRow}; expected episode {i} from row {row}");
            }

            string split = _manifest.Split.PartOf(e.SplitKey ?? e.EpisodeKey);
            if (split != e.Split)
            {
                Add("split", $"episode {i} is in the split '{e.Split}', the manifest's rule says '{split}'");
            }

            if (!e.Terminated && !e.Truncated)
            {
                Add("episodes table", $"episode {i} ends neither terminated nor truncated");
            }

            row = e.FirstRow + e.Steps;
        }

        Compare("episodes", episodes.Count, _manifest.Counts.Episodes);
        Compare("steps", row, _manifest.Counts.Steps);
        Compare("terminated episodes", episodes.LongCount(e => e.Terminated), _manifest.Counts.Terminated);
        Compare("truncated episodes", episodes.LongCount(e => e.Truncated), _manifest.Counts.Truncated);
        Dictionary<string, long> bySplit = episodes.GroupBy(e => e.Split).ToDictionary(g => g.Key, g => g.LongCount());
        foreach (string part in _manifest.Split.Fractions.Select(f => f.Name))
        {
            Compare($"episodes in the split '{part}'", bySplit.GetValueOrDefault(part), _manifest.Counts.EpisodesBySplit.GetValueOrDefault(part));
        }

        Compare("rejected rows in the list of files", _manifest.Files.Where(f => f.Path.StartsWith("rejects/", StringComparison.Ordinal)).Sum(f => f.Rows), _manifest.Counts.Rejected);

        void Compare(string what, long found, long expected)
        {
            if (found != expected)
            {
                Add("counts", $"found {found} {what}, the manifest says {expected}");
            }
        }
    }

    void CheckSteps(List<EpisodeRecord> episodes, StoredHash stored, IJobProgress progress, CancellationToken cancellation)
    {
        StepsCheck steps = new(_manifest, episodes, Add);
        long done = 0;
        foreach (StepsChunk chunk in new StepsReader(dataset).Read())
        {
            cancellation.ThrowIfCancellationRequested();
            stored.Add(chunk);
            steps.Check(chunk);
            done += chunk.Rows;
            progress.Report("check rows", done, _manifest.Counts.Steps);
        }

        steps.Finish();
    }

    void CheckStatistics(CancellationToken cancellation)
    {
        StatisticsAccumulator statistics = new(TrajectorySchema.Of(_manifest));
        new EpisodeReader(dataset).Read((EpisodeRecord _, in EpisodeColumns episode) =>
        {
            cancellation.ThrowIfCancellationRequested();
            statistics.Add(episode);
        });
        foreach (string difference in StatisticsRules.Differences(statistics.Result(), _manifest.Statistics))
        {
            Add("statistics", difference);
        }
    }

    bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (UserErrorException e)
        {
            // A file that is missing or truncated cannot be read either: that is one fault, and it has its line.
            if (!_brokenFile)
            {
                Add("unreadable", e.Message);
            }

            return false;
        }
    }

    void Add(string kind, string finding)
    {
        int count = _counts.GetValueOrDefault(kind) + 1;
        _counts[kind] = count;
        if (count <= MostFindingsEach)
        {
            // One line each, whatever a library's message looks like.
            _findings.Add(finding.ReplaceLineEndings(" "));
        }
    }
}
