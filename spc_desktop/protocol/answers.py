"""What each command and query is answered with: read by clients, and described in the protocol's schema."""

from typing import Any

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.announcement import Preferences
from spc_desktop.domain.control_plan import FrozenLimits
from spc_desktop.domain.masks import Mask
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.note import Note
from spc_desktop.domain.point import Point, PointColumns
from spc_desktop.protocol import messages as m

ANSWERS: dict[type, Any] = {
    m.GetCatalogue: m.Catalogue,
    m.GetAlerts: m.AlertPage,
    m.GetAlert: Alert,
    m.GetKpi: m.Kpi,
    m.GetAlertHistory: tuple[m.AlertStep, ...],
    m.GetMasks: tuple[Mask, ...],
    m.GetDashboard: m.Dashboard,
    m.GetMeasurements: tuple[Measurement, ...],
    m.GetPoints: PointColumns,
    m.GetPoint: m.PointDetail,
    m.GetWholePoints: tuple[Point, ...],
    m.FindTrace: tuple[m.TraceHit, ...],
    m.GetEvents: m.EventPage,
    m.GetCapabilities: tuple[m.CapabilityOut, ...],
    m.GetAudit: tuple[m.AuditEntry, ...],
    m.GetHistory: m.HistoryPage,
    m.GetStatistics: m.Statistics,
    m.GetRuleRecord: tuple[m.RuleRecord, ...],
    m.CreateAlert: m.AlertResult,
    m.Acknowledge: m.AlertResult,
    m.Assign: m.AlertResult,
    m.Resolve: m.AlertResult,
    m.UpdateAlert: m.AlertResult,
    m.Unacknowledge: m.AlertResult,
    m.Comment: m.AlertResult,
    m.Close: m.AlertResult,
    m.Verify: m.AlertResult,
    m.Shelve: m.AlertResult,
    m.Unshelve: m.AlertResult,
    m.Suppress: m.AlertResult,
    m.OutOfService: m.AlertResult,
    m.ReturnToService: m.AlertResult,
    m.SaveCatalogue: m.Catalogue,
    m.SetLimits: FrozenLimits,
    m.RestoreLimits: FrozenLimits,
    m.GetLimits: tuple[FrozenLimits, ...],
    m.TryLimits: m.LimitsTried,
    m.GetPointGroups: m.PointGroups,
    m.AnalyseCapability: m.CapabilityOut,
    m.AddUser: m.UserOut,
    m.ChangeUser: m.UserOut,
    m.SetPassword: m.UserOut,
    m.AddToken: m.TokenMade,
    m.RevokeToken: m.TokenOut,
    m.SignIn: m.TokenMade,
    m.SetUp: m.TokenMade,
    m.RequestPairing: m.PairingMade,
    m.ClaimPairing: m.PairingClaimed,
    m.ApprovePairing: m.TokenOut,
    m.GetPairings: tuple[m.PairingOut, ...],
    m.GetUsers: tuple[m.UserOut, ...],
    m.GetTokens: tuple[m.TokenOut, ...],
    m.SaveRegister: m.RegisterOut,
    m.GetRegister: m.RegisterOut,
    m.FindOperator: m.OperatorFound,
    m.GiveCause: m.AlertResult,
    m.EnterSubgroup: m.Entered,
    m.TakeBack: m.PointsOut,
    m.ExcludePoints: m.PointsOut,
    m.RestorePoints: m.PointsOut,
    m.AddComment: Note,
    m.RecordSkip: Note,
    m.GetNotes: tuple[Note, ...],
    m.GetDue: tuple[m.SampleDue, ...],
    m.SavePreferences: Preferences,
    m.GetPreferences: Preferences,
    m.GetDeliveries: m.DeliveryPage,
    m.ReportTold: int,
}
"""Type of the answer to each command and query."""
