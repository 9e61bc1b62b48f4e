; Installer of SPC Desktop for Windows: per user (default) or per machine, Korean and English, upgrade over a running program.
; makensis -DVERSION=1.2.3 -DSOURCE=dist\spc-desktop -DICON=... -DOUTPUT=... packaging/setup.nsi
;
; Silent:  Setup.exe /S [/AllUsers] [/AUTOSTART=1] [/SERVER=http://hub:8000] [/D=folder]
;   /AUTOSTART=1  start in the tray with the session (0 switches it off; without it an upgrade leaves it as it is)
;   /SERVER=URL   the start menu and the autostart open a window on that hub instead of a hub of this computer
; Silent removal:  Uninstall.exe /S [/DELETEDATA=1]
;
; The new files are unpacked beside the old folder; only when the running program has ended the folders change places by two
; renames. Whatever fails before that leaves the installed program as it was.
Unicode true
!ifdef TARGET
  Target ${TARGET}
!endif
SetCompressor /SOLID lzma
!define NAME "SPC Desktop"
!define ID "spc-desktop"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${ID}"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define AUMID "Software\Classes\AppUserModelId\${NAME}"

!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_INSTALLMODE_DEFAULT_CURRENTUSER
!define MULTIUSER_INSTALLMODE_INSTDIR "${NAME}"
!define MULTIUSER_USE_PROGRAMFILES64
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "${UNINSTALL}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "UninstallString"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "${UNINSTALL}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "InstallLocation"
!include MultiUser.nsh
!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include x64.nsh

Name "${NAME}"
OutFile "${OUTPUT}"
BrandingText "${NAME} ${VERSION}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "FileDescription" "${NAME}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "MIT"
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\${ID}.exe"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Korean"

LangString Busy ${LANG_ENGLISH} "The running program could not be ended. Close it and start the setup again; nothing was changed."
LangString Busy ${LANG_KOREAN} "실행 중인 프로그램을 끝낼 수 없습니다. 프로그램을 닫고 설치를 다시 시작하십시오. 변경된 것은 없습니다."
LangString Old64 ${LANG_ENGLISH} "This program needs a 64-bit Windows."
LangString Old64 ${LANG_KOREAN} "이 프로그램은 64비트 Windows가 필요합니다."
LangString DeleteData ${LANG_ENGLISH} "Delete the measurements, alerts and settings of this user as well? They cannot be brought back."
LangString DeleteData ${LANG_KOREAN} "이 사용자의 측정값, 경고, 설정도 삭제할까요? 삭제하면 되돌릴 수 없습니다."

; Ask the program of a folder to end through its own door, then end what is left (viewers, hubs of other data folders).
!macro END_PROGRAM un
Function ${un}EndProgram
  ${If} ${FileExists} "$INSTDIR\${ID}-cli.exe"
    nsExec::Exec /TIMEOUT=20000 '"$INSTDIR\${ID}-cli.exe" --quit'
    Pop $0
    Sleep 500
  ${EndIf}
FunctionEnd
Function ${un}KillProgram
  nsExec::Exec /TIMEOUT=10000 'taskkill /F /IM ${ID}.exe'
  Pop $0
  nsExec::Exec /TIMEOUT=10000 'taskkill /F /IM ${ID}-cli.exe'
  Pop $0
  Sleep 1000
FunctionEnd
!macroend
!insertmacro END_PROGRAM ""
!insertmacro END_PROGRAM "un."

Function .onInit
  ${IfNot} ${RunningX64}
    MessageBox MB_ICONSTOP|MB_OK "$(Old64)" /SD IDOK
    SetErrorLevel 3
    Quit
  ${EndIf}
  SetRegView 64
  !insertmacro MULTIUSER_INIT
  ${If} $MultiUser.InstallMode == "CurrentUser"
  ${AndIf} $INSTDIR == "$LOCALAPPDATA\${NAME}"
    StrCpy $INSTDIR "$LOCALAPPDATA\Programs\${NAME}"
  ${EndIf}
FunctionEnd

Function un.onInit
  SetRegView 64
  !insertmacro MULTIUSER_UNINIT
FunctionEnd

; $R9: 1 when the old folder has made room
Function MoveOldAway
  StrCpy $R9 0
  ${For} $R0 1 20
    ClearErrors
    ${IfNot} ${FileExists} "$INSTDIR\*.*"
      StrCpy $R9 1
      Return
    ${EndIf}
    Rename "$INSTDIR" "$INSTDIR.old"
    ${IfNot} ${Errors}
      StrCpy $R9 1
      Return
    ${EndIf}
    ${If} $R0 == 12
      Call KillProgram
    ${EndIf}
    Sleep 500
  ${Next}
FunctionEnd

Section
  RMDir /r "$INSTDIR.new"
  RMDir /r "$INSTDIR.old"
  SetOutPath "$INSTDIR.new"
  ClearErrors
  File /r "${SOURCE}/*"
  WriteUninstaller "$INSTDIR.new\Uninstall.exe"
  ${If} ${Errors}
    SetOutPath "$TEMP"
    RMDir /r "$INSTDIR.new"
    SetErrorLevel 2
    Abort
  ${EndIf}
  SetOutPath "$TEMP" ; a folder that is the current one cannot be renamed
  Call EndProgram
  Call MoveOldAway
  ${If} $R9 == 0
    RMDir /r "$INSTDIR.new"
    MessageBox MB_ICONSTOP|MB_OK "$(Busy)" /SD IDOK
    SetErrorLevel 4
    Abort
  ${EndIf}
  ClearErrors
  Rename "$INSTDIR.new" "$INSTDIR"
  ${If} ${Errors}
    Rename "$INSTDIR.old" "$INSTDIR"
    SetErrorLevel 2
    Abort
  ${EndIf}
  RMDir /r "$INSTDIR.old"

  ${GetParameters} $R1
  ClearErrors
  ${GetOptions} $R1 "/SERVER=" $R2
  StrCpy $R3 ""
  ${IfNot} ${Errors}
    StrCpy $R3 "viewer $R2"
  ${EndIf}
  CreateShortCut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${ID}.exe" "$R3"
  ClearErrors
  ${GetOptions} $R1 "/AUTOSTART=" $R2
  ${IfNot} ${Errors}
    ${If} $R2 == "0"
      DeleteRegValue SHCTX "${RUN}" "${ID}"
    ${Else}
      WriteRegStr SHCTX "${RUN}" "${ID}" '"$INSTDIR\${ID}.exe" $R3 --background'
    ${EndIf}
  ${EndIf}
  WriteRegStr SHCTX "${AUMID}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${AUMID}" "IconUri" "$INSTDIR\_internal\resources\icons\app.svg"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "${NAME}"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\${ID}.exe"
  WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\Uninstall.exe" /$MultiUser.InstallMode'
  WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /$MultiUser.InstallMode /S'
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" "$0"
SectionEnd

Section Uninstall
  SetOutPath "$TEMP"
  Call un.EndProgram
  ${For} $R0 1 12
    ClearErrors
    RMDir /r "$INSTDIR\_internal"
    Delete "$INSTDIR\*.exe"
    ${IfNot} ${FileExists} "$INSTDIR\${ID}.exe"
      ${Break}
    ${EndIf}
    ${If} $R0 == 4
      Call un.KillProgram
    ${EndIf}
    Sleep 500
  ${Next}
  RMDir /r "$INSTDIR"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  DeleteRegValue SHCTX "${RUN}" "${ID}"
  DeleteRegKey SHCTX "${AUMID}"
  DeleteRegKey SHCTX "${UNINSTALL}"
  ${GetParameters} $R1
  ClearErrors
  ${GetOptions} $R1 "/DELETEDATA=" $R2
  ${If} $R2 == "1"
    RMDir /r "$LOCALAPPDATA\${ID}"
  ${ElseIfNot} ${Silent}
    MessageBox MB_ICONQUESTION|MB_YESNO|MB_DEFBUTTON2 "$(DeleteData)" IDNO keep
    RMDir /r "$LOCALAPPDATA\${ID}"
    keep:
  ${EndIf}
SectionEnd
