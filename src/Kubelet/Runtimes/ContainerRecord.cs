using System.Text.Json;
using System.Text.Json.Serialization;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// One run of a container of the process runtime, on disk for the next agent. Written when it has started and again when it has
/// ended; readable for root only, as its environment is in it.
/// </summary>
internal sealed record ContainerRecord
{
    public required string Id { get; init; }

    /// <summary>PID and start time of its first process.</summary>
    public required string Process { get; init; }

    /// <summary>Of the process that keeps its descriptors: the first process's pidfd, then its streams.</summary>
    public required string Keeper { get; init; }

    public required DateTimeOffset StartedAt { get; init; }
    public required string LogPath { get; init; }
    public required ProgramPlan Program { get; init; }
    public required ProcessCredentials Credentials { get; init; }
    public string? Cgroup { get; init; }
    public bool Terminal { get; init; }
    public bool Input { get; init; }
    public bool InputOnce { get; init; }

    /// <summary>Null while nobody has seen its end.</summary>
    public ContainerExit? Exit { get; init; }

    /// <returns>Null when there is none, or half of one: then the machine went down while it was written.</returns>
    internal static ContainerRecord? Read(string path) => RecordFile.Read(path, RecordContext.Default.ContainerRecord);

    internal void Write(string path) => RecordFile.Write(path, this, RecordContext.Default.ContainerRecord);
}

/// <summary>A sandbox of the process runtime.</summary>
/// <param name="Holder">PID and start time.</param>
internal sealed record SandboxRecord(string Holder, bool HostNetwork)
{
    /// <inheritdoc cref="ContainerRecord.Read"/>
    internal static SandboxRecord? Read(string path) => RecordFile.Read(path, RecordContext.Default.SandboxRecord);

    internal void Write(string path) => RecordFile.Write(path, this, RecordContext.Default.SandboxRecord);
}

/// <summary>Files that are there whole or not at all.</summary>
internal static class RecordFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal static T? Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), type) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static void Write<T>(string path, T record, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var partial = path + ".partial";
        File.Delete(partial);
        using (var file = new FileStream(partial, new FileStreamOptions { Mode = System.IO.FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            JsonSerializer.Serialize(file, record, type);
        }

        File.Move(partial, path, overwrite: true);
    }
}

[JsonSerializable(typeof(ContainerRecord))]
[JsonSerializable(typeof(SandboxRecord))]
internal sealed partial class RecordContext : JsonSerializerContext;
