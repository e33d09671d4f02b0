using System.Buffers;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Server;

/// <summary>Copies a container's log to a client, as plain text.</summary>
internal static class LogReader
{
    private const int BufferSize = 64 * 1024;

    /// <param name="path">A file in the CRI log format.</param>
    /// <param name="live">Who still writes to it; null when nobody does, which makes following it end at its end.</param>
    internal static async Task CopyAsync(string path, IContainerLog? live, LogOptions options, Stream output, CancellationToken cancellation)
    {
        var (file, generation) = await OpenAsync(path, live, cancellation);
        try
        {
            file.Position = options.TailLines is { } lines ? TailOffset(file, lines) : 0;
            await FollowAsync();
        }
        finally
        {
            await file.DisposeAsync();
        }

        async Task FollowAsync()
        {
            var state = new CopyState(options);
            var buffer = new byte[BufferSize];
            var kept = 0;
            while (!state.IsFull)
            {
                // All before reading: what is written, moved or closed afterwards is seen in the next round.
                var changed = live?.Changed;
                var closed = live?.IsClosed ?? true;
                var current = live?.Generation ?? 0;
                var count = await file.ReadAsync(buffer.AsMemory(kept), cancellation);
                if (count == 0)
                {
                    await state.FlushAsync(output, cancellation);
                    if (!options.Follow)
                    {
                        return;
                    }

                    if ((current & 1) != 0)
                    {
                        // What is still being written to this file is to be read before the next.
                        await Task.Delay(1, cancellation);
                        continue;
                    }

                    if (current != generation)
                    {
                        await file.DisposeAsync();
                        (file, generation) = await OpenAsync(path, live, cancellation);
                        continue;
                    }

                    if (closed)
                    {
                        return;
                    }

                    await changed!.WaitAsync(cancellation);
                    continue;
                }

                var consumed = state.Take(buffer.AsSpan(0, kept + count));
                kept += count - consumed;
                buffer.AsSpan(consumed, kept).CopyTo(buffer);
                if (kept == buffer.Length)
                {
                    // Not our format: no line of ours is that long.
                    kept = 0;
                }

                await state.FlushAsync(output, cancellation);
            }
        }
    }

    /// <summary>The file that is written now, and which one in the row of them that is.</summary>
    private static async Task<(FileStream File, int Generation)> OpenAsync(string path, IContainerLog? live, CancellationToken cancellation)
    {
        while (true)
        {
            var generation = live?.Generation ?? 0;
            if ((generation & 1) != 0)
            {
                await Task.Delay(1, cancellation);
                continue;
            }

            FileStream file;
            try
            {
                file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            }
            catch (FileNotFoundException) when ((live?.Generation ?? 0) != generation)
            {
                continue;
            }

            if ((live?.Generation ?? 0) == generation)
            {
                return (file, generation);
            }

            await file.DisposeAsync();
        }
    }

    /// <summary>Where the last lines begin, looking from the end.</summary>
    internal static long TailOffset(Stream file, long lines)
    {
        if (lines == 0)
        {
            return file.Length;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            // The line end of the last line does not begin another one.
            var (position, left) = (file.Length, lines + 1);
            while (position > 0)
            {
                var count = (int)Math.Min(buffer.Length, position);
                position -= count;
                file.Position = position;
                file.ReadExactly(buffer, 0, count);
                for (var i = count - 1; i >= 0; i--)
                {
                    if (buffer[i] == (byte)'\n' && --left == 0)
                    {
                        return position + i + 1;
                    }
                }
            }

            return 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed class CopyState(LogOptions options)
    {
        private readonly ArrayBufferWriter<byte> _text = new();
        private long _left = options.LimitBytes ?? long.MaxValue;
        private bool _inLine;

        internal bool IsFull => _left == 0;

        /// <returns>How many bytes were whole lines.</returns>
        internal int Take(ReadOnlySpan<byte> bytes)
        {
            var consumed = 0;
            while (bytes[consumed..].IndexOf((byte)'\n') is var end and >= 0)
            {
                Append(bytes.Slice(consumed, end));
                consumed += end + 1;
            }

            return consumed;
        }

        internal async ValueTask FlushAsync(Stream output, CancellationToken cancellation)
        {
            if (_text.WrittenCount > 0)
            {
                await output.WriteAsync(_text.WrittenMemory, cancellation);
                _text.ResetWrittenCount();
            }

            await output.FlushAsync(cancellation);
        }

        private void Append(ReadOnlySpan<byte> bytes)
        {
            if (!LogLine.TryParse(bytes, out var line) || (options.Since is { } since && line.Time < since))
            {
                return;
            }

            if (options.Timestamps && !_inLine)
            {
                Write(line.Timestamp);
                Write(" "u8);
            }

            Write(line.Content);
            _inLine = line.IsPartial;
            if (!_inLine)
            {
                Write("\n"u8);
            }
        }

        private void Write(ReadOnlySpan<byte> bytes)
        {
            var part = bytes[..(int)Math.Min(bytes.Length, _left)];
            _text.Write(part);
            _left -= part.Length;
        }
    }
}
