using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Cli.Doctor;

/// <summary>One thing this machine has or lacks.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Status">"ok" or "missing".</param>
/// <param name="Detail">What was found, or why it was not.</param>
/// <param name="NeededBy">What does not work without it.</param>
/// <param name="Required">Whether `dataplane up` cannot start without it.</param>
internal sealed record Check(string Name, string Status, string Detail, string NeededBy, bool Required)
{
    internal bool IsOk => Status == "ok";

    /// <summary>Runs a probe: its text is the detail, its exception the reason.</summary>
    internal static Check Probe(string name, string neededBy, bool required, Func<string> probe)
    {
        try
        {
            return new Check(name, "ok", probe(), neededBy, required);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or UserErrorException or InvalidOperationException)
        {
            return new Check(name, "missing", failure.Message.ReplaceLineEndings(" "), neededBy, required);
        }
    }
}

/// <summary>The document <c>doctor --json</c> prints.</summary>
/// <param name="Ok">Everything `dataplane up` needs is there.</param>
/// <param name="Checks">All checks, in the order they ran.</param>
internal sealed record DoctorReport(bool Ok, IReadOnlyList<Check> Checks)
{
    internal string ToJson() => JsonSerializer.Serialize(this, DoctorJson.Default.DoctorReport);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext;
