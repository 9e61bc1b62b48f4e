; Installer of SPC Desktop for Windows: per user (default) or per machine, Korean and English, upgrade over a running program.
; Built by: python packaging/build.py windows
;
; Silent:  Setup.exe /S [/AllUsers] [/AUTOSTART=1] [/SERVER=https://hub:8000 [/PAIR=code]] [/D=folder]
;   /AUTOSTART=1  start in the tray with the session (0 switches it off; without it an upgrade leaves it as it is)
;   /SERVER=URL   the start menu and the autostart open a window on that hub instead of a hub of this computer; an upgrade
;                 without it keeps the hub that was given (/SERVER= with nothing behind it forgets it)
;   /PAIR=CODE    lets this station in at the hub of /SERVER= (now or before) by the one-time code that 'spc-desktop station
;                 invite' printed there; the token is kept for the user who runs the setup
; Exit status: 0 done, 2 files could not be written, 3 not a 64-bit Windows, 4 the running program could not be ended,
; 5 a newer version is installed, 6 installed but the hub did not accept the code.
; Silent removal:  Uninstall.exe /S [/DELETEDATA=1]
;
; The new files are unpacked beside the old folder; only when the running program has ended the folders change places by two
; renames. Whatever fails before that leaves the installed program as it was.
Unicode true
!ifdef TARGET
  Target ${TARGET}
!endif
!ifdef FAST ; for trying: seconds instead of minutes, and a third larger
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 64 ; the two programs differ in a few bytes and lie 16 MB apart
!endif
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
!include WordFunc.nsh
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
!define MUI_PAGE_HEADER_TEXT "$(WhoTitle)"
!define MUI_PAGE_HEADER_SUBTEXT "$(WhoSubtitle)"
!define MULTIUSER_INSTALLMODEPAGE_TEXT_TOP "$(WhoTop)"
!define MULTIUSER_INSTALLMODEPAGE_TEXT_ALLUSERS "$(WhoAll)"
!define MULTIUSER_INSTALLMODEPAGE_TEXT_CURRENTUSER "$(WhoMe)"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Korean"

; NSIS brings no Korean for the page of users
LangString WhoTitle ${LANG_ENGLISH} "Who uses it"
LangString WhoTitle ${LANG_KOREAN} "사용자 선택"
LangString WhoSubtitle ${LANG_ENGLISH} "Choose for whom ${NAME} is installed."
LangString WhoSubtitle ${LANG_KOREAN} "${NAME}을(를) 누가 사용할지 선택하십시오."
LangString WhoTop ${LANG_ENGLISH} "For yourself no administrator is needed. For everybody who uses this computer one is."
LangString WhoTop ${LANG_KOREAN} "본인만 사용하면 관리자 권한이 필요 없습니다. 이 컴퓨터의 모든 사용자가 사용하려면 관리자 권한이 필요합니다."
LangString WhoAll ${LANG_ENGLISH} "Everybody who uses this computer"
LangString WhoAll ${LANG_KOREAN} "이 컴퓨터의 모든 사용자"
LangString WhoMe ${LANG_ENGLISH} "Only me"
LangString WhoMe ${LANG_KOREAN} "나만"
LangString Busy ${LANG_ENGLISH} "The running program could not be ended. Close it and start the setup again; nothing was changed."
LangString Busy ${LANG_KOREAN} "실행 중인 프로그램을 끝낼 수 없습니다. 프로그램을 닫고 설치를 다시 시작하십시오. 변경된 것은 없습니다."
LangString Newer ${LANG_ENGLISH} "Version $R8 is installed, which is newer than ${VERSION}. Its data cannot be read by an older version. Nothing was changed; remove the newer version first if this is meant."
LangString Newer ${LANG_KOREAN} "설치된 버전 $R8이(가) ${VERSION}보다 새 버전입니다. 이전 버전은 새 버전의 데이터를 읽을 수 없습니다. 변경된 것은 없습니다. 그래도 설치하려면 새 버전을 먼저 제거하십시오."
LangString NotPaired ${LANG_ENGLISH} "The program is installed, but the hub did not accept the code:$\n$\n$R4"
LangString NotPaired ${LANG_KOREAN} "프로그램은 설치되었지만 허브가 코드를 받아들이지 않았습니다:$\n$\n$R4"
LangString NoServer ${LANG_ENGLISH} "/PAIR= needs the hub's address as well: /SERVER=https://hub:8000"
LangString NoServer ${LANG_KOREAN} "/PAIR=에는 허브 주소도 필요합니다: /SERVER=https://hub:8000"
LangString Old64 ${LANG_ENGLISH} "This program needs a 64-bit Windows."
LangString Old64 ${LANG_KOREAN} "이 프로그램은 64비트 Windows가 필요합니다."
LangString DeleteData ${LANG_ENGLISH} "Delete the measurements, alerts and settings of this user as well? They cannot be brought back."
LangString DeleteData ${LANG_KOREAN} "이 사용자의 측정값, 경고, 설정도 삭제할까요? 삭제하면 되돌릴 수 없습니다."

Var Hub ; address of the hub whose window this is; empty: a hub of this computer

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
  ReadRegStr $R8 SHCTX "${UNINSTALL}" "DisplayVersion"
  ${If} $R8 != ""
    ${VersionCompare} "${VERSION}" "$R8" $R7
    ${If} $R7 == 2
      MessageBox MB_ICONSTOP|MB_OK "$(Newer)" /SD IDOK
      SetErrorLevel 5
      Quit
    ${EndIf}
  ${EndIf}
FunctionEnd

Function un.onInit
  SetRegView 64
  !insertmacro MULTIUSER_UNINIT
FunctionEnd

; $R2: what stands behind /SERVER= up to the next space; an error where it is not given. (GetOptions would end at the slashes.)
Function ServerOption
  StrCpy $R2 ""
  StrLen $R5 $R1
  ${For} $R6 0 $R5
    StrCpy $R4 $R1 8 $R6
    ${If} $R4 == "/SERVER="
      IntOp $R6 $R6 + 8
      ${DoWhile} 1 = 1
        StrCpy $R4 $R1 1 $R6
        ${If} $R4 == ""
        ${OrIf} $R4 == " "
          ClearErrors
          Return
        ${EndIf}
        ${If} $R4 != '"'
          StrCpy $R2 "$R2$R4"
        ${EndIf}
        IntOp $R6 $R6 + 1
      ${Loop}
    ${EndIf}
  ${Next}
  SetErrors
FunctionEnd

; Bring the code of the command line to the hub, through the console program, so that its words can be shown.
Function Pair
  ${GetParameters} $R1
  ClearErrors
  ${GetOptions} $R1 "/PAIR=" $R2
  ${If} ${Errors}
  ${OrIf} $R2 == ""
    Return
  ${EndIf}
  ${If} $Hub == ""
    StrCpy $R5 1
    StrCpy $R4 "$(NoServer)"
  ${Else} ; it ends by itself within 45 s
    nsExec::ExecToStack /TIMEOUT=60000 '"$INSTDIR\${ID}-cli.exe" station join "$Hub" "$R2"'
    Pop $R5
    Pop $R4
  ${EndIf}
  ${If} $R5 != 0
    MessageBox MB_ICONEXCLAMATION|MB_OK "$(NotPaired)" /SD IDOK
    SetErrorLevel 6
  ${EndIf}
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
  Call ServerOption
  ${If} ${Errors}
    ReadRegStr $R2 SHCTX "${UNINSTALL}" "Server"
  ${EndIf}
  StrCpy $Hub $R2
  StrCpy $R3 ""
  ${If} $Hub != ""
    StrCpy $R3 "viewer $Hub"
  ${EndIf}
  WriteRegStr SHCTX "${UNINSTALL}" "Server" "$Hub"
  CreateShortCut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${ID}.exe" "$R3"
  ClearErrors
  ${GetOptions} $R1 "/AUTOSTART=" $R2
  ${IfNot} ${Errors}
    ${If} $R2 == "0"
      DeleteRegValue SHCTX "${RUN}" "${ID}"
    ${Else}
      WriteRegStr SHCTX "${RUN}" "${ID}" '"$INSTDIR\${ID}.exe" $R3 --background'
    ${EndIf}
  ${Else}
    ReadRegStr $R2 SHCTX "${RUN}" "${ID}"
    ${If} $R2 != "" ; it was on and stays on, for the folder and the hub of now
      WriteRegStr SHCTX "${RUN}" "${ID}" '"$INSTDIR\${ID}.exe" $R3 --background'
    ${EndIf}
  ${EndIf}
  WriteRegStr SHCTX "${AUMID}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${AUMID}" "IconUri" "$INSTDIR\${ID}.png"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "${NAME}"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\${ID}.exe"
  WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\Uninstall.exe" /$MultiUser.InstallMode'
  WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /$MultiUser.InstallMode /S'
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" "$0"
  Call Pair
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
  SetShellVarContext current ; for all users it would be the folder of all users, and no data lie there
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
