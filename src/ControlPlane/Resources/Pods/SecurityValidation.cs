using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>Security contexts of pods and containers.</summary>
internal static partial class SecurityValidation
{
    private const string SysctlPattern = @"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
    private const int MaxSysctl = 253;

    public static void Pod(JsonObject spec, string specPath, FieldErrors errors)
    {
        if (spec.Object("securityContext") is not { } context)
        {
            return;
        }

        var path = $"{specPath}.securityContext";
        Identities(context, path, errors, "fsGroup", "runAsUser", "runAsGroup");
        var index = 0;
        foreach (var group in (context.Array("supplementalGroups") ?? []).OfType<JsonValue>())
        {
            Identity(group.AsInteger(), $"{path}.supplementalGroups[{index++}]", errors);
        }

        if (spec.Boolean("shareProcessNamespace") == true && spec.Boolean("hostPID") == true)
        {
            errors.InvalidRaw($"{path}.shareProcessNamespace", "true", "ShareProcessNamespace and HostPID cannot both be enabled");
        }

        Sysctls(spec, context, path, errors);
        errors.KnownOrAbsent($"{path}.fsGroupChangePolicy", context.Text("fsGroupChangePolicy"), "Always", "OnRootMismatch");
        Profile(context.Object("seccompProfile"), $"{path}.seccompProfile", "seccomp", "seccompProfile", errors);
        Profile(context.Object("appArmorProfile"), $"{path}.appArmorProfile", "AppArmor", "appArmorProfile", errors);
        errors.KnownOrAbsent($"{path}.supplementalGroupsPolicy", context.Text("supplementalGroupsPolicy"), "Merge", "Strict");
    }

    public static void Container(JsonObject? context, string path, FieldErrors errors)
    {
        if (context is null)
        {
            return;
        }

        Identities(context, path, errors, "runAsUser", "runAsGroup");
        errors.KnownOrAbsent($"{path}.procMount", context.Text("procMount"), "Default", "Unmasked");
        Profile(context.Object("seccompProfile"), $"{path}.seccompProfile", "seccomp", "seccompProfile", errors);
        Profile(context.Object("appArmorProfile"), $"{path}.appArmorProfile", "AppArmor", "appArmorProfile", errors);
        if (context.Boolean("allowPrivilegeEscalation") != false)
        {
            return;
        }

        if (context.Boolean("privileged") == true)
        {
            errors.InvalidRaw(path, context.ToJsonString(), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }

        if (context.Texts("capabilities", "add").Contains("CAP_SYS_ADMIN"))
        {
            errors.InvalidRaw(path, context.ToJsonString(), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
    }

    private static void Identities(JsonObject context, string path, FieldErrors errors, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            Identity(context.Integer(field), $"{path}.{field}", errors);
        }
    }

    private static void Identity(long? id, string path, FieldErrors errors)
    {
        if (id is < 0 or > int.MaxValue)
        {
            errors.Invalid(path, id.Value, ValueRules.UserRange);
        }
    }

    private static void Sysctls(JsonObject spec, JsonObject context, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (sysctl, at) in context.Entries(path, "sysctls"))
        {
            var name = sysctl.Text("name") ?? "";
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (name.Length > MaxSysctl || !SysctlName().IsMatch(name))
            {
                errors.Invalid($"{at}.name", name, $"must have at most {MaxSysctl} characters and match regex {SysctlPattern}");
            }
            else if (!seen.Add(name))
            {
                errors.Duplicate($"{at}.name", name);
            }

            var tree = name.Replace('/', '.');
            if (spec.Boolean("hostNetwork") == true && tree.StartsWith("net.", StringComparison.Ordinal))
            {
                errors.Invalid($"{at}.name", name, "may not be specified when 'hostNetwork' is true");
            }

            if (spec.Boolean("hostIPC") == true && (tree.StartsWith("kernel.shm", StringComparison.Ordinal) || tree.StartsWith("fs.mqueue.", StringComparison.Ordinal)))
            {
                errors.Invalid($"{at}.name", name, "may not be specified when 'hostIPC' is true");
            }
        }
    }

    private static void Profile(JsonObject? profile, string path, string what, string field, FieldErrors errors)
    {
        if (profile is null)
        {
            return;
        }

        var (type, local) = (profile.Text("type") ?? "", profile.Text("localhostProfile"));
        if (type.Length == 0)
        {
            errors.Required($"{path}.type", $"type is required when {field} is set");
        }
        else
        {
            errors.KnownOrAbsent($"{path}.type", type, "Localhost", "RuntimeDefault", "Unconfined");
        }

        if (type == "Localhost" && string.IsNullOrEmpty(local))
        {
            errors.Required($"{path}.localhostProfile", $"must be set when {what} type is Localhost");
        }
        else if (type == "Localhost" && what == "seccomp")
        {
            errors.Rule($"{path}.localhostProfile", local!, ValueRules.DescendingPath(local!));
        }
        else if (type != "Localhost" && local is not null)
        {
            errors.Invalid($"{path}.localhostProfile", local, $"can only be set when {what} type is Localhost");
        }
    }

    [GeneratedRegex(SysctlPattern)]
    private static partial Regex SysctlName();
}
