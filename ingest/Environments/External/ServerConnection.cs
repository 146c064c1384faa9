using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Frames to and from one server. The first thing that goes wrong ends the child; every later call repeats the message.</summary>
sealed class ServerConnection : IDisposable
{
    const int FirstBufferBytes = 1 << 16;

    readonly string _id;
    readonly ExternalCommand _command;
    readonly ChildProcess _child;
    byte[] _request = new byte[Frame.HeaderBytes];
    byte[] _reply = new byte[FirstBufferBytes];
    UserErrorException? _failure;

    ServerConnection(string id, ExternalCommand command, ChildProcess child) => (_id, _command, _child) = (id, command, child);

    /// <summary>What READY said.</summary>
    public ServerDescription Description { get; private set; } = null!;

    /// <summary>Starts a server and shakes hands.</summary>
    /// <param name="id">Of the environment, for messages.</param>
    /// <param name="command">How to start it.</param>
    /// <param name="environment">HELLO's environment.</param>
    /// <param name="parameters">HELLO's parameters.</param>
    /// <param name="count">B.</param>
    /// <param name="render">Whether frames will be asked for.</param>
    /// <exception cref="UserErrorException">It cannot be started, or does not become ready.</exception>
    public static ServerConnection Open(string id, ExternalCommand command, string environment, IReadOnlyDictionary<string, double> parameters, int count, bool render)
    {
        if (count > Frame.MostBatch)
            throw Throw.ExternalBatch(id, count, Frame.MostBatch);
        var connection = new ServerConnection(id, command, StartChild(id, command));
        try
        {
            connection.Greet(environment, parameters, count, render);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The payload of the next request, to be filled before <see cref="Exchange"/>.</summary>
    public Span<byte> Payload(int bytes)
    {
        if (_request.Length < Frame.HeaderBytes + bytes)
            _request = new byte[Frame.HeaderBytes + bytes];
        return _request.AsSpan(Frame.HeaderBytes, bytes);
    }

    /// <summary>Makes room for frames of these sizes.</summary>
    public void Expect(int payloadBytes, int replyBytes)
    {
        Payload(payloadBytes);
        Reserve(Frame.HeaderBytes + replyBytes);
        _child.Widen(Frame.HeaderBytes + payloadBytes, Frame.HeaderBytes + replyBytes);
    }

    /// <summary>Sends a request and waits for its reply.</summary>
    /// <param name="request">Its type.</param>
    /// <param name="payloadBytes">What <see cref="Payload"/> was filled with.</param>
    /// <param name="reply">The type that is expected.</param>
    /// <param name="leastBytes">Of the reply's payload.</param>
    /// <param name="mostBytes">Of the reply's payload.</param>
    /// <returns>The reply's payload, until the next call.</returns>
    /// <exception cref="UserErrorException">Anything but that reply.</exception>
    public ReadOnlySpan<byte> Exchange(FrameType request, int payloadBytes, FrameType reply, int leastBytes, int mostBytes) =>
        ExchangeWithin(_command.CallTimeout, "call_timeout", request, payloadBytes, reply, leastBytes, mostBytes);

    /// <summary>Ends the child because of what it answered.</summary>
    /// <param name="what">After "the server", for example "sent a reward that is NaN".</param>
    /// <param name="advice">What to do; a sentence.</param>
    [DoesNotReturn]
    public void Fail(string what, string advice)
    {
        _child.Kill();
        _failure = Throw.External(_id, what, advice, _command, _child.LastWords);
        throw _failure;
    }

    public void Dispose() => _child.Dispose();

    static ChildProcess StartChild(string id, ExternalCommand command)
    {
        if (command.Folder.Length > 0 && !Directory.Exists(command.Folder))
            throw Throw.ExternalFolder(id, command.Folder);
        var program = FindProgram(command) ?? throw Throw.ExternalProgram(id, command);
        try
        {
            return ChildProcess.Start(command with { Words = [program, .. command.Words.Skip(1)] });
        }
        catch (Win32Exception e)
        {
            throw Throw.ExternalStart(id, command, e);
        }
    }

    // .NET would prefer a file of that name in the current folder to one in PATH.
    static string? FindProgram(ExternalCommand command)
    {
        var word = command.Words[0];
        if (word.Contains('/', StringComparison.Ordinal))
        {
            var path = Path.GetFullPath(word, Path.GetFullPath(command.Folder.Length > 0 ? command.Folder : "."));
            return File.Exists(path) ? path : null;
        }

        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.GetFullPath(Path.Combine(folder, word)))
            .FirstOrDefault(path => File.Exists(path) && (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
    }

    void Greet(string environment, IReadOnlyDictionary<string, double> parameters, int count, bool render)
    {
        var set = new JsonObject(parameters.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
        var hello = Encoding.UTF8.GetBytes(new JsonObject { ["environment"] = environment, ["batch"] = count, ["parameters"] = set, ["render"] = render }.ToJsonString());
        hello.CopyTo(Payload(hello.Length));
        var ready = ExchangeWithin(_command.StartTimeout, "start_timeout", FrameType.Hello, hello.Length, FrameType.Ready, 2, Frame.MostReadyBytes);
        try
        {
            Description = ServerDescription.Parse(ready);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or OverflowException)
        {
            Fail($"sent a READY that is not as the protocol wants it (\"{Printable.Bytes(ready)}\"): {e.Message}", "Mend the server.");
        }

        // What was asked for must be what is there, or the log would name an environment that was not recorded.
        foreach (var (name, value) in parameters)
        {
            if (Description.Parameters.TryGetValue(name, out var found) && !found.Equals(value))
                Fail(string.Create(CultureInfo.InvariantCulture, $"made the environment with {name}={found} where {value} was asked for"), "Choose a value that it takes.");
        }
    }

    ReadOnlySpan<byte> ExchangeWithin(TimeSpan timeout, string timeoutKey, FrameType request, int payloadBytes, FrameType reply, int leastBytes, int mostBytes)
    {
        if (_failure is not null)
            throw _failure;
        var deadline = Stopwatch.GetTimestamp() + ChildProcess.Ticks(timeout);
        var started = false;
        try
        {
            if (request != FrameType.Hello && _child.ReadIfReady(_reply) is > 0 and var early)
                ReceiveUnasked(request, 0, early, deadline);
            Frame.WriteHeader(_request, request, payloadBytes);
            var listens = _child.Write(_request.AsSpan(0, Frame.HeaderBytes + payloadBytes), deadline);
            var bytes = Receive(request, reply, leastBytes, mostBytes, deadline, 0, listens, ref started);
            return _reply.AsSpan(Frame.HeaderBytes, bytes);
        }
        catch (TimeoutException)
        {
            Fail(
                string.Create(CultureInfo.InvariantCulture, $"did not {(started ? "finish its answer to" : "answer")} {Frame.Name((byte)request)} within {timeout.TotalSeconds:0.###} s and was ended"),
                $"If it only needs longer, raise {timeoutKey}.");
            throw;
        }
        catch (OperationCanceledException)
        {
            // It is in the middle of a call and would read nothing that is sent to it now.
            _child.Kill();
            throw;
        }
    }

    // A child that no longer listens may have said why before it left. The buffer may hold the beginning of the frame already.
    int Receive(FrameType request, FrameType reply, int leastBytes, int mostBytes, long deadline, int have, bool listens, ref bool started)
    {
        var need = 0;
        while (need == 0 || have < need)
        {
            if (have < Math.Max(need, Frame.HeaderBytes))
            {
                var count = _child.Read(_reply.AsSpan(have), deadline);
                if (count == 0)
                    FailEnded(request, have, listens);
                started = true;
                have += count;
            }

            if (!Frame.HasMagic(_reply.AsSpan(0, have)))
                Fail($"wrote something on its standard output that is no frame: \"{Printable.Bytes(_reply.AsSpan(0, have))}\"", "Standard output carries frames alone: print to standard error instead.");
            if (need > 0 || have < Frame.HeaderBytes)
                continue;
            need = Frame.HeaderBytes + CheckHeader(request, reply, leastBytes, mostBytes);
            Reserve(need);
        }

        var payload = _reply.AsSpan(Frame.HeaderBytes, need - Frame.HeaderBytes);
        if (_reply[3] == (byte)FrameType.Error)
            FailWith(payload);
        if (have > need)
            ReceiveUnasked(request, need, have - need, deadline);
        return payload.Length;
    }

    // Either an ERROR, or what would be taken for the next answer.
    [DoesNotReturn]
    void ReceiveUnasked(FrameType request, int at, int bytes, long deadline)
    {
        var started = true;
        _reply.AsSpan(at, bytes).CopyTo(_reply);
        Receive(request, FrameType.Error, 0, 0, deadline, bytes, listens: true, ref started);
        throw new InvalidOperationException("An ERROR has ended the connection.");
    }

    int CheckHeader(FrameType request, FrameType reply, int leastBytes, int mostBytes)
    {
        var (version, type, length) = (_reply[2], _reply[3], BinaryPrimitives.ReadUInt32LittleEndian(_reply.AsSpan(4)));
        var isError = type == (byte)FrameType.Error;
        if (version != Frame.Version && !isError)
            Fail($"speaks version {version} of the protocol; this tool speaks {Frame.Version}", "Take a server and a tool of the same version.");
        if (!isError && reply == FrameType.Error)
            Fail($"sent {Frame.Name(type)} that nothing asked for", "A server writes one frame for each that it reads, and nothing else.");
        if (type != (byte)reply && !isError)
            Fail($"answered {Frame.Name((byte)request)} with {Frame.Name(type)}; expected {Frame.Name((byte)reply)}", "Mend the server.");
        var (least, most) = isError ? (0, Frame.MostErrorBytes) : (leastBytes, mostBytes);
        if (length < least || length > most)
            Fail($"announced {Frame.Name(type)} with {length} bytes; expected {(least == most ? $"{least}" : $"{least} to {most}")}", "Mend the server; the lengths follow from the spaces that it declared.");
        return (int)length;
    }

    [DoesNotReturn]
    void FailWith(ReadOnlySpan<byte> error)
    {
        var text = Printable.Text(Encoding.UTF8.GetString(error)).TrimEnd('.');
        if (_reply[2] != Frame.Version)
            Fail($"speaks version {_reply[2]} of the protocol; this tool speaks {Frame.Version}. It said: {text}", "Take a server and a tool of the same version.");
        // It is on its way out and may have more to say; but it need not be waited for.
        _child.AwaitExit();
        Fail($"said: {(text.Length > 0 ? text : "(nothing)")}", "");
    }

    [DoesNotReturn]
    void FailEnded(FrameType request, int have, bool listens)
    {
        var code = _child.AwaitExit();
        // Ctrl-C reaches the whole terminal, and not every server ignores it as it should.
        if (ExternalProcesses.InterruptedAt < long.MaxValue)
            throw new OperationCanceledException();
        var how = code switch
        {
            null => "closed its standard output without ending and was ended",
            > 128 and < 128 + 65 => string.Create(CultureInfo.InvariantCulture, $"was killed by signal {code - 128}{SignalName(code.Value - 128)}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"ended with exit code {code}"),
        };
        var when = have > 0 ? $"in the middle of its answer to {Frame.Name((byte)request)}" : listens ? $"instead of answering {Frame.Name((byte)request)}" : $"before it had read {Frame.Name((byte)request)}";
        Fail($"{how} {when}", code == 128 + 9 ? "Another program killed it; where memory ran out, the system did." : "Run the command by itself to see why.");
    }

    static string SignalName(int signal) => signal switch
    {
        2 => " (SIGINT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        _ => "",
    };

    void Reserve(int bytes)
    {
        if (_reply.Length < bytes)
            Array.Resize(ref _reply, bytes);
    }
}
