using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>
/// One episode while it is recorded: columns that grow, and are used again for a later episode. Observations of unsigned bytes are kept as bytes.
/// </summary>
/// <param name="observations">Decides how observations are kept.</param>
public sealed class EpisodeBuffer(Space observations)
{
    readonly bool _bytes = observations is BoxSpace { ElementType: ElementType.UInt8 };
    readonly List<float> _observations = [];
    readonly List<byte> _observationBytes = [];
    readonly List<int> _discrete = [];
    readonly List<float> _continuous = [];
    readonly List<double> _rewards = [];
    readonly List<double> _logProbabilities = [];
    readonly List<double> _probabilities = [];
    readonly List<bool> _masks = [];
    readonly List<float> _final = [];
    readonly List<byte> _finalBytes = [];

    /// <summary>Its place in the order of episodes, which also names its random streams.</summary>
    public required long Index { get; set; }

    /// <summary>Who acts.</summary>
    public string BehaviorPolicy { get; set; } = "";

    public int Steps => _rewards.Count;

    /// <summary>How many of the steps were shown while it went on.</summary>
    public int Shown { get; set; }

    public bool Terminated { get; private set; }

    public bool Truncated { get; private set; }

    /// <summary>Appends a step; the spans that do not apply are empty.</summary>
    public void Add(
        ReadOnlySpan<float> observation, ReadOnlySpan<bool> mask, ReadOnlySpan<int> discrete, ReadOnlySpan<float> continuous, double reward, double logProbability, ReadOnlySpan<double> probabilities)
    {
        Add(observation, _observations, _observationBytes);
        _masks.AddRange(mask);
        _discrete.AddRange(discrete);
        _continuous.AddRange(continuous);
        _rewards.Add(reward);
        _logProbabilities.Add(logProbability);
        _probabilities.AddRange(probabilities);
    }

    public void Finish(bool terminated, bool truncated, ReadOnlySpan<float> finalObservation)
    {
        (Terminated, Truncated) = (terminated, truncated);
        Add(finalObservation, _final, _finalBytes);
    }

    /// <summary>Takes an end back: the episode goes on.</summary>
    public void Resume()
    {
        (Terminated, Truncated) = (false, false);
        _final.Clear();
        _finalBytes.Clear();
    }

    /// <summary>Empties the columns, which keep their memory: images would grow through large arrays again in each episode.</summary>
    public void Clear()
    {
        (BehaviorPolicy, Terminated, Truncated, Shown) = ("", false, false, 0);
        _observations.Clear();
        _observationBytes.Clear();
        _masks.Clear();
        _discrete.Clear();
        _continuous.Clear();
        _rewards.Clear();
        _logProbabilities.Clear();
        _probabilities.Clear();
        _final.Clear();
        _finalBytes.Clear();
    }

    /// <summary>Keeps the first <paramref name="steps"/> steps and marks the episode as truncated there.</summary>
    public void CutAt(int steps)
    {
        Cut(_observations, _final, steps);
        Cut(_observationBytes, _finalBytes, steps);
        (Terminated, Truncated) = (false, true);
        Keep(_masks, steps);
        Keep(_discrete, steps);
        Keep(_continuous, steps);
        Keep(_logProbabilities, steps);
        Keep(_probabilities, steps);
        // The last one: what is kept of the others goes by its length.
        Keep(_rewards, steps);
    }

    /// <summary>The columns for the writer.</summary>
    /// <param name="environment">Goes into the key: the same episode of another environment is another episode.</param>
    /// <param name="seed">Of the recording.</param>
    /// <param name="hasPropensities">Whether the log-probabilities are those of the actions; else they are left out.</param>
    public EpisodeColumns ToColumns(EnvironmentIdentity environment, ulong seed, bool hasPropensities = true) => Columns(Key(environment, seed), environment, hasPropensities);

    /// <summary>What there is of it while it goes on: without a key and an end.</summary>
    public EpisodeColumns Columns(string key, EnvironmentIdentity environment, bool hasPropensities = true) => new()
    {
        Key = key,
        BehaviorPolicy = BehaviorPolicy,
        Environment = environment,
        Observations = CollectionsMarshal.AsSpan(_observations),
        ObservationBytes = CollectionsMarshal.AsSpan(_observationBytes),
        DiscreteActions = CollectionsMarshal.AsSpan(_discrete),
        ContinuousActions = CollectionsMarshal.AsSpan(_continuous),
        Rewards = CollectionsMarshal.AsSpan(_rewards),
        Terminated = Terminated,
        Truncated = Truncated,
        FinalObservation = CollectionsMarshal.AsSpan(_final),
        FinalObservationBytes = CollectionsMarshal.AsSpan(_finalBytes),
        BehaviorLogProbabilities = hasPropensities ? CollectionsMarshal.AsSpan(_logProbabilities) : [],
        BehaviorProbabilities = CollectionsMarshal.AsSpan(_probabilities),
        ActionMasks = CollectionsMarshal.AsSpan(_masks),
    };

    // Only a true duplicate shares the key: seed and index alone would also name what another policy did from the same start.
    string Key(EnvironmentIdentity environment, ulong seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{environment}\n{BehaviorPolicy}\n"));
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(numbers, seed);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], Index);
        hash.AppendData(numbers);
        hash.AppendData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_observations)));
        hash.AppendData(CollectionsMarshal.AsSpan(_observationBytes));
        hash.AppendData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_discrete)));
        hash.AppendData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_continuous)));
        hash.AppendData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_rewards)));
        return "record:" + Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    void Add(ReadOnlySpan<float> row, List<float> floats, List<byte> bytes)
    {
        if (!_bytes)
        {
            floats.AddRange(row);
            return;
        }

        var before = bytes.Count;
        CollectionsMarshal.SetCount(bytes, before + row.Length);
        var added = CollectionsMarshal.AsSpan(bytes)[before..];
        for (var i = Bytes(row, added); i < row.Length; i++)
            added[i] = row[i] is >= 0 and <= 255 && row[i] == (byte)row[i] ? (byte)row[i] : throw Throw.NotAByte(row[i], i, observations);
    }

    // Those before the first group of 32 that holds a number which is no byte; returns how many.
    static int Bytes(ReadOnlySpan<float> row, Span<byte> bytes)
    {
        var at = 0;
        for (; at <= row.Length - Vector256<byte>.Count; at += Vector256<byte>.Count)
        {
            var group = row.Slice(at, Vector256<byte>.Count);
            var (a, b, c, d) = (Whole(group), Whole(group[8..]), Whole(group[16..]), Whole(group[24..]));
            if (((a | b | c | d) & Vector256.Create(~255)) != Vector256<int>.Zero)
                break;
            Vector256.Narrow(Vector256.Narrow(a, b), Vector256.Narrow(c, d)).AsByte().CopyTo(bytes[at..]);
        }

        return at;
    }

    // -1 for what is not whole.
    static Vector256<int> Whole(ReadOnlySpan<float> eight)
    {
        var values = Vector256.Create(eight);
        var whole = Vector256.ConvertToInt32(values);
        return whole | Vector256.OnesComplement(Vector256.Equals(Vector256.ConvertToSingle(whole), values).AsInt32());
    }

    void Cut<T>(List<T> column, List<T> final, int steps)
    {
        var width = column.Count / Steps;
        final.Clear();
        final.AddRange(CollectionsMarshal.AsSpan(column).Slice(steps * width, width));
        Keep(column, steps);
    }

    void Keep<T>(List<T> column, int steps)
    {
        var kept = column.Count / Steps * steps;
        column.RemoveRange(kept, column.Count - kept);
    }
}
