using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>
/// Which names a definition gets and what its conditions say of it. Names are unique in a group, first come first served. Source:
/// apiextensions' naming and establishing controllers.
/// </summary>
internal static class DefinitionStatus
{
    /// <summary>The status a definition should have.</summary>
    /// <param name="document">The definition.</param>
    /// <param name="others">The other definitions, with the names they have.</param>
    /// <param name="now">Stamps conditions that change.</param>
    public static JsonObject Of(JsonObject document, IEnumerable<Definition> others, DateTimeOffset now)
    {
        var result = (JsonObject)document.DeepClone();
        var status = result.Ensure("status");
        var wanted = document.Object("spec", "names") ?? [];
        var accepted = (JsonObject?)document.Object("status", "acceptedNames")?.DeepClone() ?? [];
        var neighbours = others.Where(other => other.Group == document.Text("spec", "group")).Select(other => other.AcceptedNames).ToArray();
        var resources = neighbours.SelectMany(
            names => names.Texts("shortNames").Append(names.Text("plural")).Append(names.Text("singular"))).ToHashSet();
        var kinds = neighbours.SelectMany(names => new[] { names.Text("kind"), names.Text("listKind") }).ToHashSet();
        var (reason, message) = ("NoConflicts", "no conflicts found");
        Claim("plural", resources, "PluralConflict");
        Claim("singular", resources, "SingularConflict");
        ClaimShortNames();
        Claim("kind", kinds, "KindConflict");
        Claim("listKind", kinds, "ListKindConflict");
        accepted.CopyField(wanted, "categories");
        status["acceptedNames"] = accepted;
        var good = reason == "NoConflicts";
        SetCondition(result, "NamesAccepted", good ? "True" : "False", reason, message, now);
        if (good)
        {
            SetCondition(result, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now);
        }
        else if (!Definition.IsTrue(document, "Established"))
        {
            SetCondition(result, "Established", "False", "NotAccepted", "not all names are accepted", now);
        }

        return result;

        void Claim(string field, HashSet<string?> taken, string conflict)
        {
            var name = wanted.Text(field);
            if (name != accepted.Text(field) && taken.Contains(name))
            {
                (reason, message) = (conflict, $"\"{name}\" is already in use");
                return;
            }

            accepted.CopyField(wanted, field);
        }

        void ClaimShortNames()
        {
            var own = accepted.Texts("shortNames").ToHashSet();
            var conflicts = wanted.Texts("shortNames").Where(name => !own.Contains(name) && resources.Contains(name)).ToArray();
            if (conflicts.Length > 0)
            {
                var texts = conflicts.Select(name => $"\"{name}\" is already in use").ToArray();
                (reason, message) = ("ShortNamesConflict", texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]");
                return;
            }

            accepted.CopyField(wanted, "shortNames");
        }
    }

    /// <summary>Sets a condition; its time changes with its status only.</summary>
    public static void SetCondition(JsonObject document, string type, string status, string reason, string message, DateTimeOffset now)
    {
        var conditions = document.Ensure("status").Array("conditions");
        if (conditions is null)
        {
            document.Ensure("status")["conditions"] = conditions = [];
        }

        var condition = conditions.OfType<JsonObject>().FirstOrDefault(entry => entry.Text("type") == type);
        if (condition is null)
        {
            conditions.Add(condition = new JsonObject { ["type"] = type });
        }

        if (condition.Text("status") != status)
        {
            condition["lastTransitionTime"] = ObjectJson.Time(now);
        }

        condition["message"] = message;
        condition["reason"] = reason;
        condition["status"] = status;
    }
}
