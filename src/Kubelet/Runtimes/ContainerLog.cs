using System.Globalization;
using System.Text;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// Writes what one run of a container says, in the CRI log format that log collectors read:
/// <c>2016-10-06T00:17:09.669794202Z stdout F text</c>; P instead of F for a line that continues.
/// </summary>
/// <remarks>Written by one thread at a time. Readers of the file await <see cref="Changed"/> instead of polling it.</remarks>
internal sealed class ContainerLog : IContainerLog, IDisposable
{
    private const int LongestLine = 16 * 1024;

    private readonly ContainerLogOptions _options;
    private readonly TimeProvider _time;
    private readonly Stream _output;
    private readonly Stream _error;
    private FileStream _file;
    private long _size;
    private int _generation;
    private Task _tidying = Task.CompletedTask;
    private TaskCompletionSource _changed = NewChange();
    private long _lost;

    internal ContainerLog(string path, TimeProvider time, ContainerLogOptions? options = null)
    {
        FilePath = path;
        _time = time;
        _options = options ?? new ContainerLogOptions();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _file = Open();
        _output = new Stream("stdout");
        _error = new Stream("stderr");
    }

    public string FilePath { get; }

    /// <summary>
    /// Changes with every file of the same name that the log goes on in, once everything is in the old one. Odd while one takes the other's place.
    /// </summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>Whether nothing more will come.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Completes at the next write or at the end. Take it before reading, so that nothing is missed.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    internal void Output(ReadOnlySpan<byte> bytes) => Write(_output, bytes);

    internal void Error(ReadOnlySpan<byte> bytes) => Write(_error, bytes);

    /// <summary>Writes what an engine has kept, with its time.</summary>
    /// <param name="isError">Of which stream.</param>
    /// <param name="timestamp">RFC 3339 with nanoseconds.</param>
    /// <param name="text">Without its line end.</param>
    /// <param name="continues">The line goes on in the next entry.</param>
    internal void Entry(bool isError, string timestamp, ReadOnlySpan<byte> text, bool continues)
    {
        try
        {
            Append(timestamp, isError ? _error.Name : _output.Name, continues ? "P" : "F", text);
        }
        catch (IOException)
        {
            // The engine has it still.
        }

        Interlocked.Exchange(ref _changed, NewChange()).SetResult();
    }

    /// <summary>The time of the last line in the file, and how many lines have it; empty when there is none.</summary>
    internal (string Time, int Count) LastEntries()
    {
        using var file = new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Position = Math.Max(0, file.Length - (2 * LongestLine));
        using var reader = new StreamReader(file, Encoding.UTF8);
        var times = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).ToArray();
        return times is [.., var last] ? (last, times.Count(time => time == last)) : ("", 0);
    }

    /// <summary>Ends the log; unfinished lines are written as they are.</summary>
    public void Dispose()
    {
        if (IsClosed)
        {
            return;
        }

        Flush(_output, "F");
        Flush(_error, "F");
        _file.Dispose();
        IsClosed = true;
        Interlocked.Exchange(ref _changed, NewChange()).SetResult();
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Write(Stream stream, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            part = part[..Math.Min(part.Length, LongestLine - (int)stream.Line.Length)];
            stream.Line.Write(part);
            if (end >= 0 && part.Length == end)
            {
                bytes = bytes[(end + 1)..];
                Append(stream, "F");
            }
            else
            {
                bytes = bytes[part.Length..];
                if (stream.Line.Length == LongestLine)
                {
                    Append(stream, "P");
                }
            }
        }

        Interlocked.Exchange(ref _changed, NewChange()).SetResult();
    }

    private void Flush(Stream stream, string tag)
    {
        if (stream.Line.Length > 0)
        {
            Append(stream, tag);
        }
    }

    private void Append(Stream stream, string tag)
    {
        var line = stream.Line.GetBuffer().AsSpan(0, (int)stream.Line.Length);
        try
        {
            if (_lost > 0)
            {
                Append(_error.Name, "F", Encoding.UTF8.GetBytes($"{_lost} lines of this log could not be written"));
                _lost = 0;
            }

            Append(stream.Name, tag, line);
        }
        catch (IOException)
        {
            // A full disk costs the container its log, not its life: its pipes are read on, or it would hang.
            _lost++;
        }

        stream.Line.SetLength(0);
    }

    private void Append(string stream, string tag, ReadOnlySpan<byte> text)
    {
        // Go's RFC3339Nano; .NET counts in 100 ns, so the last two digits are always 0.
        Append(_time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture), stream, tag, text);
    }

    private void Append(string time, string stream, string tag, ReadOnlySpan<byte> text)
    {
        var prefix = Encoding.ASCII.GetBytes($"{time} {stream} {tag} ");
        var line = new byte[prefix.Length + text.Length + 1];
        prefix.CopyTo(line, 0);
        text.CopyTo(line.AsSpan(prefix.Length));
        line[^1] = (byte)'\n';
        if (_size > 0 && _size + line.Length > _options.MaxSize)
        {
            Rotate();
        }

        _file.Write(line);
        _size += line.Length;
    }

    private FileStream Open()
    {
        var file = new FileStream(FilePath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _size = file.Length;
        return file;
    }

    private void Rotate()
    {
        Interlocked.Increment(ref _generation);
        try
        {
            try
            {
                LogRotation.Move(FilePath, _time.GetUtcNow());
            }
            catch (IOException)
            {
                // Whoever moved it away has rotated it.
            }

            var fresh = Open();
            _file.Dispose();
            _file = fresh;
        }
        finally
        {
            Interlocked.Increment(ref _generation);
        }

        // Packing takes longer than a container's output may wait.
        _tidying = _tidying.ContinueWith(_ => LogRotation.TidyUp(FilePath, _options.MaxFiles), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private sealed class Stream(string name)
    {
        internal string Name { get; } = name;

        internal MemoryStream Line { get; } = new();
    }
}
