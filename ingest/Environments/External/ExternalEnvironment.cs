using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// A batch of instances in a child process that speaks the protocol of PROTOCOL.md. What its server offers beyond that
/// (masks, pictures) decides which of the subclasses <see cref="Start"/> returns.
/// </summary>
/// <remarks>After an error the child is gone, and every later call repeats the message.</remarks>
class ExternalEnvironment : IVectorEnvironment
{
    readonly ServerConnection _connection;
    readonly BoxSpace? _box;
    readonly int _width, _rowBytes, _actions, _maskWidth;
    readonly bool _isBytes;
    readonly bool[] _masks;
    readonly bool[] _wasReset;
    bool _isReady;

    protected ExternalEnvironment(ServerConnection connection, EnvironmentIdentity identity, int count)
    {
        var description = connection.Description;
        (_connection, Identity, Count) = (connection, identity, count);
        (ObservationSpace, ActionSpace) = (description.ObservationSpace, description.ActionSpace);
        _box = ActionSpace as BoxSpace;
        _actions = (ActionSpace as DiscreteSpace)?.Count ?? ActionSpace.FlatSize;
        _width = ObservationSpace.FlatSize;
        _isBytes = ObservationSpace is BoxSpace { ElementType: ElementType.UInt8 };
        _rowBytes = _width * (_isBytes ? 1 : sizeof(float));
        _maskWidth = description.Masks ? _actions : 0;
        var (most, request) = (SteppedBytes(count), 4L * count * (_box is null ? 1 : _actions));
        if (most > Frame.MostBytes || request > Frame.MostBytes)
            connection.Fail($"declared spaces for which an answer to STEP has up to {most} bytes; expected at most {Frame.MostBytes}", "Make the batch smaller.");
        _masks = new bool[count * _maskWidth];
        _wasReset = new bool[count];
        connection.Expect((int)Math.Max(request, 8 + (12L * count)), (int)SteppedBytes(0));
    }

    public EnvironmentIdentity Identity { get; }

    public int Count { get; }

    public Space ObservationSpace { get; }

    public Space ActionSpace { get; }

    public int MaxEpisodeSteps => _connection.Description.MaxEpisodeSteps ?? int.MaxValue;

    /// <summary>Starts a server and makes the environment that it offers.</summary>
    /// <param name="command">How the server is started.</param>
    /// <param name="environment">Which one of its environments; may be empty.</param>
    /// <param name="identity">What the result is called.</param>
    /// <param name="parameters">What is asked of the server; those that have their default may be left out.</param>
    /// <param name="count">B.</param>
    /// <param name="render">Whether frames will be asked for.</param>
    /// <param name="expected">The spaces of observations and actions, where they are known before.</param>
    /// <exception cref="UserErrorException">It cannot be started, does not become ready, or has other spaces.</exception>
    public static IVectorEnvironment Start(
        ExternalCommand command,
        string environment,
        EnvironmentIdentity identity,
        IReadOnlyDictionary<string, double> parameters,
        int count,
        bool render = false,
        (Space Observations, Space Actions)? expected = null)
    {
        var connection = ServerConnection.Open(identity.ToString(), command, environment, parameters, count, render);
        try
        {
            if (expected is { } spaces)
            {
                RequireSame(connection, "observation_space", spaces.Observations, connection.Description.ObservationSpace);
                RequireSame(connection, "action_space", spaces.Actions, connection.Description.ActionSpace);
            }

            return (connection.Description.Masks, render && connection.Description.Frame is not null) switch
            {
                (false, false) => new ExternalEnvironment(connection, identity, count),
                (true, false) => new MaskedExternalEnvironment(connection, identity, count),
                (false, true) => new RenderedExternalEnvironment(connection, identity, count),
                (true, true) => new MaskedRenderedExternalEnvironment(connection, identity, count),
            };
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>What a server says of itself, asked of one that is started for it and ended again.</summary>
    /// <exception cref="UserErrorException">It cannot be started, or does not become ready.</exception>
    public static ServerDescription Probe(ExternalCommand command, string environment, string id, IReadOnlyDictionary<string, double> parameters)
    {
        using var connection = ServerConnection.Open(id, command, environment, parameters, 1, render: false);
        return connection.Description;
    }

    public void Reset(ReadOnlySpan<ulong> seeds, Span<float> observations)
    {
        Throw.IfLengthDiffers(seeds.Length, Count, nameof(seeds));
        Throw.IfLengthDiffers(observations.Length, Count * _width, nameof(observations));
        Restart(0, seeds, observations, _masks);
    }

    public void ResetInstance(int instance, ulong seed, Span<float> observation)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfLengthDiffers(observation.Length, _width, nameof(observation));
        Restart(instance, [seed], observation, _masks.AsSpan(instance * _maskWidth, _maskWidth));
    }

    public void Step(in ActionBatch actions, in StepOutput output)
    {
        Throw.IfNotReset(_isReady ? this : null, Identity);
        Throw.IfLengthDiffers(output.Observations.Length, Count * _width, nameof(output.Observations));
        Throw.IfLengthDiffers(output.FinalObservations.Length, Count * _width, nameof(output.FinalObservations));
        Throw.IfLengthDiffers(output.Rewards.Length, Count, nameof(output.Rewards));
        Throw.IfLengthDiffers(output.Terminated.Length, Count, nameof(output.Terminated));
        Throw.IfLengthDiffers(output.Truncated.Length, Count, nameof(output.Truncated));
        if (_box is null)
            Throw.IfActionOutside(actions.Discrete, Count, _actions);
        else
            Throw.IfActionOutside(actions.Continuous, Count, _box);

        var request = _box is null ? MemoryMarshal.AsBytes(actions.Discrete) : MemoryMarshal.AsBytes(actions.Continuous);
        request.CopyTo(_connection.Payload(request.Length));
        var reply = _connection.Exchange(FrameType.Step, request.Length, FrameType.Stepped, (int)SteppedBytes(0), (int)SteppedBytes(Count));

        var ends = BinaryPrimitives.ReadUInt32LittleEndian(reply);
        if (ends > Count || reply.Length != SteppedBytes((int)ends))
            _connection.Fail($"sent STEPPED with {ends} final observations and {reply.Length} bytes; expected {SteppedBytes((int)Math.Min(ends, Count))} bytes for those, and at most {Count} of them", "Mend the server.");
        reply = reply[8..];
        ReadRewards(Take(ref reply, Count * sizeof(double)), output.Rewards);
        ReadObservations(Take(ref reply, Count * _rowBytes), output.Observations, "an observation");
        var final = Take(ref reply, (int)ends * _rowBytes);
        ReadEnds(Take(ref reply, Count), final, (int)ends, output);
        ReadMasks(reply, _masks);
    }

    public void Dispose()
    {
        _connection.Dispose();
        GC.SuppressFinalize(this);
    }

    protected void CopyMasks(Span<bool> masks)
    {
        Throw.IfLengthDiffers(masks.Length, _masks.Length, nameof(masks));
        Throw.IfNotReset(_isReady ? this : null, Identity);
        _masks.CopyTo(masks);
    }

    protected (int Width, int Height) FrameSizeOfServer => (_connection.Description.Frame!.Width, _connection.Description.Frame.Height);

    protected void Draw(int instance, Span<byte> rgb)
    {
        var (width, height) = FrameSizeOfServer;
        var bytes = width * height * 3;
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfLengthDiffers(rgb.Length, bytes, nameof(rgb));
        Throw.IfNotReset(_wasReset[instance] ? this : null, Identity);
        BinaryPrimitives.WriteInt32LittleEndian(_connection.Payload(4), instance);
        var reply = _connection.Exchange(FrameType.Render, 4, FrameType.Frame, 8 + bytes, 8 + bytes);
        var found = (BinaryPrimitives.ReadUInt32LittleEndian(reply), BinaryPrimitives.ReadUInt32LittleEndian(reply[4..]));
        if (found != ((uint)width, (uint)height))
            _connection.Fail($"sent a frame of {found.Item1} x {found.Item2} pixels; expected {width} x {height}, as READY said", "Mend the server.");
        reply[8..].CopyTo(rgb);
    }

    // Policies and datasets were made for the spaces that the environment was described with.
    static void RequireSame(ServerConnection connection, string name, Space expected, Space found)
    {
        var (was, now) = (expected.ToString(), found.ToString());
        if (!found.Equals(expected))
            connection.Fail($"declared the {name} {now}{(now == was ? " with other bounds" : "")}; expected {was}, as it was described before", "An environment's spaces may depend on its parameters, and on nothing else.");
    }

    static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        var taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }

    long SteppedBytes(int ends) => 8 + (Count * (8L + _rowBytes + 1 + _maskWidth)) + ((long)ends * _rowBytes);

    void Restart(int first, ReadOnlySpan<ulong> seeds, Span<float> observations, Span<bool> masks)
    {
        var k = seeds.Length;
        var request = _connection.Payload(8 + (12 * k));
        BinaryPrimitives.WriteInt32LittleEndian(request, k);
        request[4..8].Clear();
        MemoryMarshal.AsBytes(seeds).CopyTo(request[8..]);
        for (var i = 0; i < k; i++)
            BinaryPrimitives.WriteInt32LittleEndian(request[(8 + (8 * k) + (4 * i))..], first + i);
        var bytes = k * (_rowBytes + _maskWidth);
        var reply = _connection.Exchange(FrameType.Reset, request.Length, FrameType.Started, bytes, bytes);
        ReadObservations(reply[..(k * _rowBytes)], observations, "a first observation");
        ReadMasks(reply[(k * _rowBytes)..], masks);
        _wasReset.AsSpan(first, k).Fill(true);
        _isReady = !_wasReset.Contains(false);
    }

    void ReadRewards(ReadOnlySpan<byte> bytes, Span<double> rewards)
    {
        MemoryMarshal.Cast<byte, double>(bytes).CopyTo(rewards);
        for (var i = 0; i < rewards.Length; i++)
        {
            if (!double.IsFinite(rewards[i]))
                _connection.Fail(FormattableString.Invariant($"sent the reward {rewards[i]} in instance {i}; expected a finite number"), "Mend the environment.");
        }
    }

    void ReadObservations(ReadOnlySpan<byte> bytes, Span<float> observations, string what)
    {
        if (_isBytes)
        {
            Widen(bytes, observations);
            return;
        }

        MemoryMarshal.Cast<byte, float>(bytes).CopyTo(observations);
        if (IsFinite(observations) && (ObservationSpace is not DiscreteSpace discrete || AreIndices(observations, discrete.Count)))
            return;
        for (var i = 0; i < observations.Length; i++)
        {
            if (!float.IsFinite(observations[i]) || ObservationSpace is DiscreteSpace d && !AreIndices(observations.Slice(i, 1), d.Count))
                _connection.Fail(FormattableString.Invariant($"sent {what} of {observations[i]} in row {i / _width}, number {i % _width}; expected {(ObservationSpace is DiscreteSpace s ? $"a whole number from 0 to {s.Count - 1}" : "a finite number")}"), "Mend the environment.");
        }
    }

    void ReadEnds(ReadOnlySpan<byte> ended, ReadOnlySpan<byte> final, int ends, in StepOutput output)
    {
        var found = 0;
        for (var i = 0; i < ended.Length; i++)
        {
            (output.Terminated[i], output.Truncated[i]) = (ended[i] == 1, ended[i] == 2);
            if (ended[i] == 0)
                continue;
            if (ended[i] > 2)
                _connection.Fail($"sent ended={ended[i]} in instance {i}; expected 0, 1 or 2", "Mend the server.");
            if (found++ < ends)
                ReadObservations(Take(ref final, _rowBytes), output.FinalObservations.Slice(i * _width, _width), "a final observation");
        }

        if (found != ends)
            _connection.Fail($"sent {ends} final observations for {found} episodes that ended; expected one each", "Mend the server.");
    }

    void ReadMasks(ReadOnlySpan<byte> bytes, Span<bool> masks)
    {
        if (_maskWidth == 0)
            return;
        var wrong = bytes.IndexOfAnyExceptInRange((byte)0, (byte)1);
        if (wrong >= 0)
            _connection.Fail($"sent {bytes[wrong]} in an action mask; expected 0 or 1", "Mend the server.");
        for (var i = 0; i < bytes.Length; i += _maskWidth)
        {
            if (!bytes.Slice(i, _maskWidth).Contains((byte)1))
                _connection.Fail($"sent an action mask that allows no action, in row {i / _maskWidth}", "Mend the environment.");
        }

        MemoryMarshal.Cast<byte, bool>(bytes).CopyTo(masks);
    }

    static bool AreIndices(ReadOnlySpan<float> observations, int count)
    {
        foreach (var observation in observations)
        {
            if (!(observation >= 0 && observation < count && observation == MathF.Floor(observation)))
                return false;
        }

        return true;
    }

    // x - x is 0 for finite numbers and NaN for all others.
    static bool IsFinite(ReadOnlySpan<float> numbers)
    {
        var (i, sum) = (0, Vector<float>.Zero);
        for (; i <= numbers.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = new Vector<float>(numbers[i..]);
            sum += v - v;
        }

        var isFinite = Vector.EqualsAll(sum, Vector<float>.Zero);
        for (; i < numbers.Length; i++)
            isFinite &= float.IsFinite(numbers[i]);
        return isFinite;
    }

    static void Widen(ReadOnlySpan<byte> bytes, Span<float> numbers)
    {
        var (i, step) = (0, Vector<byte>.Count);
        for (; i <= bytes.Length - step; i += step)
        {
            Vector.Widen(new Vector<byte>(bytes[i..]), out var low, out var high);
            Widen(low, numbers[i..]);
            Widen(high, numbers[(i + (step / 2))..]);
        }

        for (; i < bytes.Length; i++)
            numbers[i] = bytes[i];
    }

    static void Widen(Vector<ushort> shorts, Span<float> numbers)
    {
        Vector.Widen(shorts, out var low, out var high);
        Vector.ConvertToSingle(Vector.AsVectorInt32(low)).CopyTo(numbers);
        Vector.ConvertToSingle(Vector.AsVectorInt32(high)).CopyTo(numbers[Vector<int>.Count..]);
    }
}

sealed class MaskedExternalEnvironment(ServerConnection connection, EnvironmentIdentity identity, int count)
    : ExternalEnvironment(connection, identity, count), IMaskedEnvironment
{
    public void ActionMasks(Span<bool> masks) => CopyMasks(masks);
}

sealed class RenderedExternalEnvironment(ServerConnection connection, EnvironmentIdentity identity, int count)
    : ExternalEnvironment(connection, identity, count), IRenderedEnvironment
{
    public (int Width, int Height) FrameSize => FrameSizeOfServer;

    public void Render(int instance, Span<byte> rgb) => Draw(instance, rgb);
}

sealed class MaskedRenderedExternalEnvironment(ServerConnection connection, EnvironmentIdentity identity, int count)
    : ExternalEnvironment(connection, identity, count), IMaskedEnvironment, IRenderedEnvironment
{
    public (int Width, int Height) FrameSize => FrameSizeOfServer;

    public void ActionMasks(Span<bool> masks) => CopyMasks(masks);

    public void Render(int instance, Span<byte> rgb) => Draw(instance, rgb);
}
