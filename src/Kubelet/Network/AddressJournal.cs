using System.Net;
using System.Security.Cryptography;
using System.Text;
using Dataplane.Linux.Files;

namespace Dataplane.Kubelet.Network;

/// <summary>
/// Reservations on disk. A line is appended for each change, and read back at start, after which the file is written anew with what holds.
/// <code>
/// + UID 10.244.1.5 fd00:10:244:1::5 CHECKSUM
/// - UID CHECKSUM
/// </code>
/// </summary>
/// <remarks>
/// A line that a crash left half written has no right checksum and is passed over, whatever comes after it. Several changes share one wait for the disk.
/// Safe for several threads.
/// </remarks>
internal sealed class AddressJournal : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private FileStream? _file;
    private Task _syncing = Task.CompletedTask;
    private Task? _next;
    private bool _torn;

    internal AddressJournal(string path)
    {
        _path = path;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>How many lines of the file were no lines.</summary>
    internal int Damaged { get; private set; }

    /// <summary>What the file says, by uid. Once, before anything is appended; leaves a file with only that in it.</summary>
    internal Dictionary<string, IPAddress[]> Load()
    {
        (var reservations, Damaged) = Read(_path);
        Rewrite(reservations);
        return reservations;
    }

    /// <summary>What a file says now, and how many of its lines are none.</summary>
    internal static (Dictionary<string, IPAddress[]> Reservations, int Damaged) Read(string path)
    {
        var (reservations, damaged) = (new Dictionary<string, IPAddress[]>(StringComparer.Ordinal), 0);
        if (File.Exists(path))
        {
            foreach (var line in File.ReadLines(path, Encoding.Latin1))
            {
                damaged += line.Length == 0 || Apply(line, reservations) ? 0 : 1;
            }
        }

        return (reservations, damaged);
    }

    /// <returns>Completes when the reservation outlives a power failure.</returns>
    internal Task AddAsync(string uid, IReadOnlyList<IPAddress> addresses) => Append($"+ {uid} {string.Join(' ', addresses)}", wait: true);

    /// <summary>Not waited for, and not to fail over a full disk: a reservation too many is found out at the next start.</summary>
    internal void Remove(string uid)
    {
        try
        {
            Append($"- {uid}", wait: false);
        }
        catch (IOException)
        {
            // As said.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Task syncing;
        lock (_gate)
        {
            syncing = Task.WhenAll(_syncing, _next ?? Task.CompletedTask);
        }

        syncing.GetAwaiter().GetResult();
        _file?.Dispose();
    }

    private static bool Apply(string line, Dictionary<string, IPAddress[]> reservations)
    {
        var end = line.LastIndexOf(' ');
        if (end < 0 || line[(end + 1)..] != Checksum(line[..end]))
        {
            return false;
        }

        switch (line[..end].Split(' '))
        {
            case ["-", var uid]:
                reservations.Remove(uid);
                return true;
            case ["+", var uid, .. { Length: > 0 } texts] when Array.TrueForAll(texts, text => IPAddress.TryParse(text, out _)):
                reservations[uid] = [.. texts.Select(IPAddress.Parse)];
                return true;
            default:
                return false;
        }
    }

    private static string Checksum(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.Latin1.GetBytes(text)).AsSpan(0, 4));

    private static string Line(string text) => $"{text} {Checksum(text)}\n";

    /// <summary>Beside the old file, then in its place: at any moment one of the two is whole.</summary>
    private void Rewrite(Dictionary<string, IPAddress[]> reservations)
    {
        var fresh = _path + ".new";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            foreach (var (uid, addresses) in reservations)
            {
                file.Write(Encoding.Latin1.GetBytes(Line($"+ {uid} {string.Join<IPAddress>(' ', addresses)}")));
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, _path, overwrite: true);
        FileSync.Directory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        _file?.Dispose();
        _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    private Task Append(string text, bool wait)
    {
        lock (_gate)
        {
            Write(_torn ? "\n" + Line(text) : Line(text));
            if (!wait)
            {
                return Task.CompletedTask;
            }

            // A sync that has begun may not cover what was just written; the next one does, and whatever else is written until it begins.
            if (!_syncing.IsCompleted)
            {
                return _next ??= SyncAfterAsync(_syncing);
            }

            return _syncing = Task.Run(() => FileSync.Data(_file!.SafeFileHandle));
        }
    }

    private void Write(string line)
    {
        // A full disk may take a part of it, which the next line must not continue.
        _torn = true;
        _file!.Write(Encoding.Latin1.GetBytes(line));
        _torn = false;
    }

    private async Task SyncAfterAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        lock (_gate)
        {
            _syncing = _next!;
            _next = null;
        }

        FileSync.Data(_file!.SafeFileHandle);
    }
}
