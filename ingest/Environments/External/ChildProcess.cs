using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace OfflineRL.Environments;

/// <summary>
/// A child process and its three pipes, for one thread at a time. Its standard error is read while we wait for it, and the
/// last of it kept; it and everything that it started end with this object, at the latest with our own process.
/// </summary>
sealed class ChildProcess : IDisposable
{
    /// <summary>How long a child may take to end by itself (after CLOSE, or after its output ended), and to answer after an interruption.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    static readonly TimeSpan AtOnce = TimeSpan.FromMicroseconds(200);

    /// <summary>How often a wait looks whether there was an interruption, in ms.</summary>
    const int Glance = 100;

    static long s_started;

    readonly Process _process;
    readonly string _mark;
    readonly SafePipeHandle _input, _output, _error;
    readonly TailBuffer _words = new();
    readonly int _errorDescriptor;
    bool _errorEnded, _answersAtOnce;
    bool _disposed;

    ChildProcess(Process process, string mark)
    {
        (_process, _mark) = (process, mark);
        _input = ((PipeStream)process.StandardInput.BaseStream).SafePipeHandle;
        _output = ((PipeStream)process.StandardOutput.BaseStream).SafePipeHandle;
        _error = ((PipeStream)process.StandardError.BaseStream).SafePipeHandle;
        _errorDescriptor = (int)_error.DangerousGetHandle();
        foreach (var pipe in new[] { _input, _output, _error })
            Pipes.MakeNonBlocking(pipe);
    }

    ~ChildProcess() => ExternalProcesses.End(_mark);

    /// <summary>The last of its standard error.</summary>
    public string LastWords => _words.ToString();

    /// <exception cref="Win32Exception">The system does not start it.</exception>
    public static ChildProcess Start(ExternalCommand command)
    {
        var start = new ProcessStartInfo(command.Words[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = command.Folder,
        };
        foreach (var word in command.Words.Skip(1))
            start.ArgumentList.Add(word);
        foreach (var (name, value) in command.Variables)
            start.Environment[name] = value;
        // What the child starts inherits the mark, so that it can be found when the child is gone.
        var mark = string.Create(CultureInfo.InvariantCulture, $"{MarkedProcesses.Variable}={Environment.ProcessId}-{Interlocked.Increment(ref s_started)}-{Stopwatch.GetTimestamp()}");
        start.Environment[MarkedProcesses.Variable] = mark[(MarkedProcesses.Variable.Length + 1)..];
        var process = Process.Start(start)!;
        ExternalProcesses.Add(mark, process);
        return new ChildProcess(process, mark);
    }

    /// <summary>Lets frames of these sizes pass quickly.</summary>
    public void Widen(int requestBytes, int replyBytes)
    {
        Pipes.Widen(_input, requestBytes);
        Pipes.Widen(_output, replyBytes);
    }

    /// <summary>Writes all of it; false where the child no longer listens.</summary>
    /// <exception cref="TimeoutException">The child has not read it in time.</exception>
    /// <exception cref="OperationCanceledException">The user has interrupted.</exception>
    public bool Write(ReadOnlySpan<byte> bytes, long deadline)
    {
        while (!bytes.IsEmpty)
        {
            var count = Pipes.Write(_input, bytes);
            if (count >= 0)
            {
                bytes = bytes[(int)count..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Pipes.Interrupted:
                    break;
                case Pipes.TryAgain:
                    Wait(_input, Pipes.Out, deadline);
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    /// <summary>Waits for output and reads what is there, at most the buffer; 0: there will be no more.</summary>
    /// <exception cref="TimeoutException">Nothing came in time.</exception>
    /// <exception cref="OperationCanceledException">The user has interrupted.</exception>
    public int Read(Span<byte> buffer, long deadline)
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            if (!_answersAtOnce || !LookFor(begin))
                Wait(_output, Pipes.In, deadline);
            var count = Pipes.Read(_output, buffer);
            if (count >= 0)
            {
                _answersAtOnce = Stopwatch.GetElapsedTime(begin) < AtOnce;
                return (int)count;
            }

            if (Marshal.GetLastPInvokeError() is not (Pipes.Interrupted or Pipes.TryAgain))
                return 0;
        }
    }

    // A core that sleeps takes longer to wake than a fast child to answer: while the last answer was such, it is looked for
    // first. Between two looks the core is the child's, should there be no other.
    bool LookFor(long begin)
    {
        Span<Pipes.Poll> poll = [new((int)_output.DangerousGetHandle(), Pipes.In, 0)];
        do
        {
            if (Pipes.Wait(poll, 0) != 0)
                return true;
            Thread.Yield();
        }
        while (Stopwatch.GetElapsedTime(begin) < AtOnce);
        return false;
    }

    /// <summary>Reads what is there already, at most the buffer; not positive: nothing is.</summary>
    public int ReadIfReady(Span<byte> buffer) => (int)Pipes.Read(_output, buffer);

    /// <summary>Ends it, with all that it started. Its last words stay.</summary>
    public void Kill()
    {
        DrainError();
        ExternalProcesses.End(_mark);
    }

    /// <summary>
    /// Waits a little for a child whose output ended, then ends it.
    /// </summary>
    /// <returns>How it ended; null: it had to be ended.</returns>
    public int? AwaitExit()
    {
        var exited = Exited(Stopwatch.GetTimestamp() + Ticks(Patience));
        var code = exited ? _process.ExitCode : (int?)null;
        Kill();
        return code;
    }

    /// <summary>Ends it in good order where it listens, by force where not.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        GC.SuppressFinalize(this);
        if (ExternalProcesses.Has(_mark))
        {
            _ = Pipes.Write(_input, Frame.Close);
            _input.Dispose();
            Exited(Stopwatch.GetTimestamp() + Ticks(Patience));
            ExternalProcesses.End(_mark);
        }

        _input.Dispose();
        _output.Dispose();
        _error.Dispose();
        _process.Dispose();
    }

    public static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    // What it says on its way must be taken from it, or it would never end.
    bool Exited(long deadline)
    {
        Span<byte> rest = stackalloc byte[4096];
        while (Stopwatch.GetTimestamp() < deadline)
        {
            DrainError();
            while (Pipes.Read(_output, rest) > 0 && Stopwatch.GetTimestamp() < deadline)
            {
            }

            if (_process.WaitForExit(10))
            {
                DrainError();
                return true;
            }
        }

        return false;
    }

    void Wait(SafePipeHandle pipe, short events, long deadline)
    {
        Span<Pipes.Poll> polls = stackalloc Pipes.Poll[2];
        var begin = 0L;
        while (true)
        {
            polls[0] = new Pipes.Poll((int)pipe.DangerousGetHandle(), events, 0);
            polls[1] = new Pipes.Poll(_errorEnded ? -1 : _errorDescriptor, Pipes.In, 0);
            var now = Stopwatch.GetTimestamp();
            begin = begin == 0 ? now : begin;
            if (now > deadline)
                throw new TimeoutException();
            if (ExternalProcesses.InterruptedAt is < long.MaxValue and var interruption && now > Math.Max(begin, interruption) + Ticks(Patience))
                throw new OperationCanceledException();
            var left = ((deadline - now) * 1000 / Stopwatch.Frequency) + 1;
            Pipes.Wait(polls, (int)Math.Min(left, Glance));
            if (polls[1].Ready != 0)
                DrainError();
            if (polls[0].Ready != 0)
                return;
        }
    }

    // Bounded, so that an endless stream of words cannot keep us from the clock.
    void DrainError()
    {
        if (_error.IsClosed)
            return;
        Span<byte> buffer = stackalloc byte[8192];
        for (var round = 0; round < 16 && !_errorEnded; round++)
        {
            var count = Pipes.Read(_error, buffer);
            if (count < 0)
                return;
            _errorEnded = count == 0;
            _words.Add(buffer[..(int)count]);
        }
    }

    /// <summary>The last 4 KiB of a text, whatever its length.</summary>
    sealed class TailBuffer
    {
        const int Capacity = 4096;
        readonly byte[] _bytes = new byte[Capacity];
        long _total;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            foreach (var b in bytes[Math.Max(0, bytes.Length - Capacity)..])
                _bytes[_total++ % Capacity] = b;
        }

        // Whole lines where some were lost; control characters would reach the user's terminal.
        public override string ToString()
        {
            var length = (int)Math.Min(_total, Capacity);
            var bytes = new byte[length];
            for (var i = 0; i < length; i++)
                bytes[i] = _bytes[(_total - length + i) % Capacity];
            var text = Encoding.UTF8.GetString(bytes);
            if (_total > Capacity && text.IndexOf('\n', StringComparison.Ordinal) is >= 0 and var cut && cut < text.Length - 1)
                text = text[(cut + 1)..];
            return Printable.Text(text);
        }
    }
}
